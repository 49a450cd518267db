#include "report/fixture_test.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/csv.h"
#include "store/answer_row.h"

namespace vlmhb::report {
namespace {

void WriteFile(const os::Path& path, const std::string& text) {
  ASSERT_TRUE(os::MakeFolders(path.parent_path()).ok());
  ASSERT_TRUE(os::WriteFileAtomic(path, text).ok());
}

std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::string text(kUtf8Bom);
  for (const auto& row : rows) AppendCsvRecord(text, row);
  return text;
}

std::string Number(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "";
}

bool Answered(const FixtureSample& sample) {
  return sample.outcome == "ok" || sample.outcome == "truncated";
}

json::object MetricJson(double errors, double length, int64_t count) {
  if (count == 0) return {{"value", nullptr}, {"ci", nullptr}, {"count", 0}, {"clusters", 0}};
  const double value = errors / length;
  return {{"value", value},
          {"ci", {value * 0.9, value * 1.1}},
          {"count", count},
          {"clusters", count},
          {"unscorable", 0}};
}

json::object GroupJson(const std::string& by, const json::object& key,
                       const std::vector<FixtureSample>& samples) {
  double errors = 0, length = 0;
  int64_t count = 0;
  for (const FixtureSample& sample : samples) {
    if (!Answered(sample)) continue;
    errors += sample.errors;
    length += sample.length;
    ++count;
  }
  const auto total = static_cast<int64_t>(samples.size());
  return {{"by", by},          {"key", key},
          {"expected", total}, {"failed", total - count},
          {"missing", 0},      {"metrics", {{"cer", MetricJson(errors, length, count)}}}};
}

std::string Statistics(const std::vector<FixtureSample>& samples) {
  std::map<std::string, std::vector<FixtureSample>> groups;
  std::set<std::string> images;
  int64_t answered = 0;
  for (const FixtureSample& sample : samples) {
    groups[sample.group].push_back(sample);
    images.insert(sample.image);
    answered += Answered(sample) ? 1 : 0;
  }
  json::array all{GroupJson("general", {}, samples)};
  for (const auto& [group, members] : groups)
    all.push_back(GroupJson("by_doc_type", {{"doc_class", group}}, members));
  const auto total = static_cast<int64_t>(samples.size());
  return ToPrettyJson(json::object{
      {"schema", "vlmhb.statistics/1"},
      {"metrics",
       {{{"name", "cer"},
         {"aggregate", "ratio"},
         {"direction", "lower"},
         {"unit", ""},
         {"range", {0, nullptr}}}}},
      {"bootstrap", {{"resamples", 400}, {"seed", 7}, {"cluster", "image_path"}, {"level", 0.95}}},
      {"counts",
       {{"expected", total},
        {"answered", answered},
        {"failed", total - answered},
        {"missing", 0},
        {"clusters", images.size()}}},
      {"groups", std::move(all)}});
}

}  // namespace

void RunFixture::Write(const std::vector<FixtureSample>& samples) const {
  std::vector<std::vector<std::string>> answers{store::AnswerColumns()};
  std::vector<std::vector<std::string>> requests{{"id", "started_at", "latency_ms"}};
  std::vector<std::vector<std::string>> by_id{
      {"id", "outcome", "answer", "model_answer", "image_path", "doc_class", "cer", "cer_weight"}};
  for (size_t i = 0; i < samples.size(); ++i) {
    const FixtureSample& sample = samples[i];
    const bool ok = Answered(sample);
    store::AnswerRow row;
    row.id = i;
    row.model_answer = ok ? sample.answer : "";
    row.outcome = *store::OutcomeFromName(sample.outcome);
    row.error = ok ? "" : "no answer | within 5 s";
    if (ok) row.latency_ms = sample.latency_ms;
    if (ok) row.completion_tokens = 5;
    row.peak_memory_mb = 100.0 + static_cast<double>(i);
    row.gpu_memory_mb = sample.gpu_memory_mb;
    answers.push_back(store::ToCells(row));
    requests.push_back({std::to_string(i), fmt::format("2026-11-24T06:40:{:02}.000Z", i % 60),
                        Number(row.latency_ms)});
    by_id.push_back({std::to_string(i), sample.outcome, sample.expected, row.model_answer,
                     sample.image, sample.group, ok ? Number(sample.errors / sample.length) : "",
                     ok ? Number(sample.length) : ""});
  }
  WriteFile(folder_ / "inference" / "answers.csv", Table(answers));
  WriteFile(folder_ / "inference" / "requests.csv", Table(requests));
  WriteFile(folder_ / "evaluation" / "metrics_by_id.csv", Table(by_id));
  WriteFile(folder_ / "evaluation" / "statistics.json", Statistics(samples));
}

void RunFixture::WriteManifest(const std::string& text) const {
  WriteFile(folder_ / "manifest.json", text);
}

json::object RunFixture::Spec(const std::string& model, const os::Path& image_root) const {
  return {{"run", name_},
          {"model", model},
          {"model_version", "1.0"},
          {"task", "ocr"},
          {"dataset", "demo"},
          {"inference", (folder_ / "inference").string()},
          {"evaluation", (folder_ / "evaluation").string()},
          {"dataset_view", {{"root", image_root.string()}, {"columns", {{"image", "image_path"}}}}},
          {"manifest", nullptr},
          {"failure", nullptr}};
}

json::object StageSpec(const os::Path& output, json::array runs, int worst_samples) {
  return {
      {"schema", "vlmhb.stage/1"},
      {"stage", "report"},
      {"run", "demo"},
      {"identity", std::string(64, 'a')},
      {"output", output.string()},
      {"report",
       {{"title", "Демо & demo"}, {"runs", std::move(runs)}, {"worst_samples", worst_samples}}}};
}

std::string FakePng(uint32_t width, uint32_t height, size_t bytes) {
  std::string png("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
  for (const uint32_t side : {width, height})
    for (const int shift : {24, 16, 8, 0}) png += static_cast<char>(side >> shift & 0xFF);
  png.resize(std::max<size_t>(bytes, 33), 'x');
  return png;
}

std::string CheckHtml(const std::string& html) {
  static const std::set<std::string> kVoid{"meta", "input", "br"};
  const auto where = [&](size_t at) {
    return " at byte " + std::to_string(at) + ": " + html.substr(at, 80);
  };
  std::vector<std::string> open;
  for (size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at)) {
    if (html.compare(at, 9, "<!DOCTYPE") == 0) {
      at = html.find('>', at);
      continue;
    }
    const bool closing = html[at + 1] == '/';
    size_t end = at + 1;
    for (char quote = 0; end < html.size() && (quote != 0 || html[end] != '>'); ++end) {
      if (quote == 0 && (html[end] == '"' || html[end] == '\''))
        quote = html[end];
      else if (html[end] == quote)
        quote = 0;
    }
    if (end >= html.size()) return "a tag is never closed" + where(at);
    const std::string tag = html.substr(at + 1, end - at - 1);
    const std::string name =
        tag.substr(closing ? 1 : 0, tag.find_first_of(" /", 1) - (closing ? 1 : 0));
    if (name.empty() ||
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") != std::string::npos)
      return "a strange tag" + where(at);
    if (closing) {
      if (open.empty() || open.back() != name) return "an unexpected closing tag" + where(at);
      open.pop_back();
    } else if (tag.back() != '/' && !kVoid.contains(name)) {
      open.push_back(name);
    }
    at = end;
    if (!closing && name == "style") at = html.find("</style>", end);
  }
  return open.empty() ? "" : "never closed: " + open.back();
}

}  // namespace vlmhb::report
