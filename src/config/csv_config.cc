#include "config/csv_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>

#include "base/csv.h"
#include "base/text.h"
#include "config/python_literal.h"
#include "config/run_fields.h"

namespace vlmhb::config {
namespace {

constexpr size_t kMaxRuns = 100'000;

using Cells = std::vector<std::string>;

Error Expected(std::string_view what, std::string_view cell) {
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("expected {}, found '{}'.", what, Truncate(cell, 80)));
}

// None and [] are the predecessor's ways to write "not given": null. A single text is a list of
// one.
Result<json::value> ParseList(std::string_view cell) {
  Result<json::value> literal = ParsePythonLiteral(cell);
  if (!literal.ok()) {
    const bool bare_word = cell.find_first_of("'\"[](){},") == std::string_view::npos;
    const std::string advice = bare_word ? fmt::format(" Write ['{}'].", cell)
                                         : fmt::format(" ({})", literal.error().message());
    return Error(ErrorCode::kInvalidConfig,
                 Expected("a list such as ['CER', 'WER']", cell).message() + advice);
  }
  json::value value = *std::move(literal);
  if (value.is_string() || value.is_object()) return json::value(json::array{std::move(value)});
  if (!value.is_null() && !value.is_array()) return Expected("a list such as ['CER', 'WER']", cell);
  if (value.is_array() && value.get_array().empty()) return json::value(nullptr);
  return value;
}

template <typename T>
Result<json::value> ParseNumber(std::string_view cell, std::string_view what) {
  T number{};
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  bool good = error == std::errc() && end == cell.data() + cell.size();
  if constexpr (std::is_floating_point_v<T>) good = good && std::isfinite(number);
  if (!good) return Expected(what, cell);
  return json::value(number);
}

Result<json::value> ParseObject(std::string_view cell) {
  Result<json::value> value = ParseJson(cell);
  if (value.ok() && value->is_object()) return value;
  return Error(ErrorCode::kInvalidConfig,
               Expected("a JSON object such as {\"psm\": 6}", cell).message() +
                   (value.ok() ? "" : fmt::format(" ({})", value.error().message())));
}

// REQUIRES: the cell is not empty.
Result<json::value> ParseCell(const RunField& field, const std::string& cell) {
  if (field.type == CellType::kText) return json::value(json::string(cell));
  const std::string_view trimmed = Trim(cell);
  switch (field.type) {
    case CellType::kBool: {
      VLMHB_ASSIGN(const bool value, ParseCsvBool(trimmed));
      return json::value(value);
    }
    case CellType::kList:
      return ParseList(trimmed);
    case CellType::kInteger:
      return ParseNumber<int64_t>(trimmed, "an integer");
    case CellType::kNumber:
      return ParseNumber<double>(trimmed, "a number");
    default:
      return ParseObject(trimmed);
  }
}

void SetKey(json::object& run, std::string_view key, json::value value) {
  const size_t slash = key.find('/');
  if (slash == std::string_view::npos) {
    run[key] = std::move(value);
    return;
  }
  json::value& parent = run[key.substr(0, slash)];
  if (!parent.is_object()) parent = json::object();
  parent.get_object()[key.substr(slash + 1)] = std::move(value);
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& file)
      : file_(file),
        stream_{std::string(text)},
        csv_(stream_,
             {.delimiter = GuessCsvDelimiter(HeaderLine(text)), .max_record_bytes = 1u << 20}) {}

  CsvRuns Read() && {
    Cells cells;
    if (!Next(cells)) {
      if (out_.problems.empty()) AddProblem(1, "", "the file is empty; a header line was expected");
      return std::move(out_);
    }
    ReadHeader(cells);
    while (Next(cells)) {
      if (out_.runs.size() >= kMaxRuns) {
        AddProblem(csv_.line(), "", fmt::format("more than {} runs", kMaxRuns));
        break;
      }
      ReadRow(cells);
    }
    if (bad_encoding_rows_ > 1)
      out_.problems[first_bad_encoding_].message +=
          fmt::format(" ({} more rows are not UTF-8 either.)", bad_encoding_rows_ - 1);
    if (out_.runs.empty() && out_.problems.empty())
      AddProblem(csv_.line(), "", "there is no run: the file has a header only");
    return std::move(out_);
  }

 private:
  static std::string_view HeaderLine(std::string_view text) {
    return text.substr(0, text.find_first_of("\r\n"));
  }

  void AddProblem(uint64_t row, std::string_view column, std::string message) {
    out_.problems.push_back({{file_, row, std::string(column)}, std::move(message)});
  }

  // The next record that is UTF-8. False at the end, also after damage that ends reading.
  bool Next(Cells& cells) {
    while (true) {
      const Result<bool> more = csv_.Next(cells);
      if (!more.ok()) {
        AddProblem(csv_.line(), "", more.error().message());
        return false;
      }
      if (!*more) return false;
      const bool blank = std::all_of(cells.begin(), cells.end(),
                                     [](const std::string& cell) { return Trim(cell).empty(); });
      if (blank) continue;
      const auto bad = std::find_if_not(cells.begin(), cells.end(),
                                        [](const std::string& cell) { return IsValidUtf8(cell); });
      if (bad == cells.end()) return true;
      AddEncodingProblem(static_cast<size_t>(bad - cells.begin()));
    }
  }

  // One problem for the whole file: an encoding is wrong everywhere or nowhere.
  void AddEncodingProblem(size_t index) {
    if (++bad_encoding_rows_ > 1) return;
    first_bad_encoding_ = out_.problems.size();
    const std::string_view column = index < columns_.size() && columns_[index] != nullptr
                                        ? columns_[index]->column
                                        : std::string_view();
    AddProblem(csv_.line(), column,
               "the text is not UTF-8 (Windows-1251, perhaps?); save the file as UTF-8");
  }

  void ReadHeader(const Cells& cells) {
    std::set<std::string_view> keys;
    for (const std::string& cell : cells) {
      const std::string name(Trim(cell));
      const RunField* field = FindColumn(name);
      columns_.push_back(field);
      if (field == nullptr) {
        if (!name.empty())
          AddProblem(csv_.line(), name, "there is no such column." + AdviceForColumn(name));
      } else if (!keys.insert(field->key).second) {
        AddProblem(csv_.line(), name, "two columns of the header set the same value; keep one");
      }
    }
    for (const RunField& field : RunFields()) {
      if (!field.required || keys.contains(field.key)) continue;
      AddProblem(csv_.line(), field.column, "this column is required, but the header lacks it");
      out_.missing_keys.insert(std::string(field.key));
    }
  }

  void ReadRow(const Cells& cells) {
    json::object run;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (cells[i].empty()) continue;
      if (i >= columns_.size()) {
        AddProblem(csv_.line(), "",
                   fmt::format("the row has {} cells, the header {}; quote a cell that has the "
                               "delimiter in it",
                               cells.size(), columns_.size()));
        break;
      }
      if (columns_[i] == nullptr) continue;
      Result<json::value> value = ParseCell(*columns_[i], cells[i]);
      if (!value.ok())
        AddProblem(csv_.line(), columns_[i]->column, value.error().message());
      else if (!value->is_null())
        SetKey(run, columns_[i]->key, *std::move(value));
    }
    out_.runs.push_back(std::move(run));
    out_.rows.push_back(csv_.line());
  }

  const std::string& file_;
  std::istringstream stream_;
  CsvReader csv_;
  std::vector<const RunField*> columns_;  // nullptr: unknown or nameless
  size_t bad_encoding_rows_ = 0;
  size_t first_bad_encoding_ = 0;  // index in problems
  CsvRuns out_;
};

}  // namespace

Result<bool> ParseCsvBool(std::string_view cell) {
  const std::string lower = AsciiLower(cell);
  if (lower == "true" || lower == "1" || lower == "yes") return true;
  if (lower == "false" || lower == "0" || lower == "no") return false;
  return Expected("True or False", cell);
}

CsvRuns ParseCsvConfig(std::string_view text, const std::string& file) {
  return Reader(text, file).Read();
}

}  // namespace vlmhb::config
