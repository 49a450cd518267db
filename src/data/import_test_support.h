#pragma once
// A folder with a dataset in it, imported and read back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/csv.h"
#include "base/hash.h"
#include "data/import.h"

namespace vlmhb::data {

// A PNG of 2 × 3 pixels whose content depends on `shade`; its pixels are no real image data.
inline std::string FakePng(char shade = 'a') {
  const auto number = [](uint32_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
    return bytes;
  };
  const auto chunk = [&](const std::string& type, const std::string& data) {
    return number(static_cast<uint32_t>(data.size())) + type + data + number(Crc32(type + data));
  };
  return std::string("\x89PNG\r\n\x1a\n", 8) +
         chunk("IHDR", number(2) + number(3) + std::string("\x08\0\0\0\0", 5)) +
         chunk("IDAT", std::string(40, shade)) + chunk("IEND", "");
}

class ImportTest : public testing::Test {
 protected:
  os::Path source() const { return folder_.path() / "source"; }
  os::Path output() const { return folder_.path() / "output"; }

  os::Path Write(const std::string& name, std::string_view bytes) {
    const os::Path path = source() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  Result<ImportReport> TryImport(const os::Path& path, ImportOptions options = {}) {
    options.source.path = path;
    options.output = output();
    return Import(options);
  }

  // The rows of annotation.csv by column; `report` is what Import said.
  std::vector<std::map<std::string, std::string>> ImportRows(const os::Path& path,
                                                             ImportOptions options = {}) {
    auto result = TryImport(path, std::move(options));
    EXPECT_TRUE(result.ok()) << result.error().ToString();
    if (!result.ok()) return {};
    report = *std::move(result);
    if (!report.published) return {};
    std::ifstream in(report.annotation, std::ios::binary);
    CsvReader reader(in, {});
    std::vector<std::string> header;
    std::vector<std::string> cells;
    EXPECT_TRUE(*reader.Next(header));
    std::vector<std::map<std::string, std::string>> rows;
    while (*reader.Next(cells)) {
      auto& row = rows.emplace_back();
      for (size_t i = 0; i < cells.size(); ++i) row[header.at(i)] = cells[i];
    }
    return rows;
  }

  std::string Reason(size_t i) const {
    return i < report.problems.size() ? report.problems[i].place + ": " + report.problems[i].reason
                                      : "";
  }

  ImportReport report;

 private:
  os::TempFolder folder_;
};

}  // namespace vlmhb::data
