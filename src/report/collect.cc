#include "report/collect.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/hash.h"
#include "report/collect_evaluation.h"
#include "report/collect_inference.h"
#include "report/picture.h"
#include "report/task_tables.h"

namespace vlmhb::report {
namespace {

void CollectManifest(const os::Path& file, RunReport& run) {
  constexpr size_t kMaxManifestBytes = 4u << 20;
  auto text = os::ReadFile(file, kMaxManifestBytes);
  if (!text.ok()) {
    run.notes.push_back("No manifest: " + text.error().ToString());
    return;
  }
  auto value = ParseJson(*text);
  if (!value.ok() || !value->is_object()) {
    run.notes.push_back("No manifest: " + file.string() + " is not a JSON object");
    return;
  }
  run.manifest = std::move(value->get_object());
}

RunReport CollectRun(const RunSpec& spec, size_t worst_samples) {
  RunReport run;
  run.name = spec.run;
  run.model = spec.model;
  run.model_version = spec.model_version;
  run.task = spec.task;
  run.dataset = spec.dataset;
  run.failure = spec.failure;
  if (spec.inference) {
    CollectInference(*spec.inference, run);
  } else if (spec.failure.empty()) {
    run.notes.push_back("No speed, memory or failures: this run only evaluated given answers.");
  }
  if (spec.evaluation) {
    CollectEvaluation(*spec.evaluation, spec.image_column, worst_samples, spec.task_report, run);
  } else if (spec.failure.empty()) {
    run.notes.push_back("No quality: this run was not evaluated.");
  }
  if (spec.manifest) CollectManifest(*spec.manifest, run);
  return run;
}

void MakeSections(Report& report) {
  for (size_t i = 0; i < report.runs.size(); ++i) {
    const RunReport& run = report.runs[i];
    auto section =
        std::find_if(report.sections.begin(), report.sections.end(), [&](const Section& other) {
          return other.task == run.task && other.dataset == run.dataset;
        });
    if (section == report.sections.end()) {
      report.sections.push_back({run.task, run.dataset, {}, {}});
      section = std::prev(report.sections.end());
    }
    section->runs.push_back(i);
  }
}

void LabelRuns(Report& report) {
  for (const Section& section : report.sections) {
    std::map<std::string, int> uses;
    for (const size_t i : section.runs) ++uses[report.runs[i].model];
    for (const size_t i : section.runs) {
      RunReport& run = report.runs[i];
      run.label = uses[run.model] > 1 ? run.name : run.model;
    }
  }
}

// "none", false and {"kind":"none"} all say that there was no sandbox.
bool SaysNoSandbox(const json::value& sandbox) {
  if (sandbox.is_bool()) return !sandbox.get_bool();
  if (sandbox.is_string()) return sandbox.get_string() == "none";
  return sandbox.is_object() && FindString(sandbox.get_object(), "kind") == "none";
}

// Calls `add` with the warnings of a manifest, which each environment of each stage has. ParseJson
// bounds the depth.
template <typename Add>
void ForEachWarning(const json::object& object, const Add& add) {
  const json::array* warnings = FindArray(object, "warnings");
  const json::value* sandbox = object.if_contains("sandbox");
  const bool explained =
      warnings != nullptr && std::any_of(warnings->begin(), warnings->end(), [](const auto& text) {
        return text.is_string() && text.get_string().find("sandbox") != json::string::npos;
      });
  if (sandbox != nullptr && SaysNoSandbox(*sandbox) && !explained)
    add("Ran without a sandbox: the model's code could reach the network and this machine's "
        "files.");
  if (warnings != nullptr)
    for (const json::value& text : *warnings)
      if (text.is_string()) add(std::string(text.get_string()));
  for (const auto& member : object)
    if (member.value().is_object()) ForEachWarning(member.value().get_object(), add);
}

// One line for each distinct warning, with the runs that have it unless all do.
void CollectWarnings(Report& report) {
  std::vector<std::pair<std::string, std::vector<std::string>>> warnings;
  const auto add = [&](const std::string& text, const std::string& run) {
    auto found = std::find_if(warnings.begin(), warnings.end(),
                              [&](const auto& other) { return other.first == text; });
    if (found == warnings.end()) found = warnings.insert(found, {text, {}});
    if (found->second.empty() || found->second.back() != run) found->second.push_back(run);
  };
  for (const RunReport& run : report.runs) {
    if (run.manifest)
      ForEachWarning(*run.manifest, [&](const std::string& text) { add(text, run.name); });
  }
  for (const RunReport& run : report.runs)
    for (std::string& text : DroppedScriptWarnings(run)) report.warnings.push_back(std::move(text));
  constexpr size_t kMostNames = 5;
  for (auto& [text, runs] : warnings) {
    if (runs.size() == report.runs.size()) {
      report.warnings.push_back(text);
      continue;
    }
    const size_t shown = std::min(runs.size(), kMostNames);
    std::string names = runs[0];
    for (size_t i = 1; i < shown; ++i) names += ", " + runs[i];
    if (shown < runs.size()) names += fmt::format(" and {} more", runs.size() - shown);
    report.warnings.push_back(fmt::format("{} ({})", text, names));
  }
}

// The image of a sample, the first one where its cell is a JSON list of several.
std::string FirstImage(const std::string& cell) {
  if (!cell.starts_with('[')) return cell;
  const auto list = ParseJson(cell);
  if (!list.ok() || !list->is_array() || list->get_array().empty()) return cell;
  const json::value& first = list->get_array().front();
  return first.is_string() ? std::string(first.get_string()) : cell;
}

// Gives the worst samples their pictures, the very worst of every run first, until the budget is
// spent. The same image is carried once.
class PictureBook {
 public:
  explicit PictureBook(Report& report) : report_(report) {}

  void Illustrate(const os::Path& root, Sample& sample) {
    const auto [entry, is_new] = known_.try_emplace({root.string(), sample.image});
    if (is_new) entry->second = Read(root, FirstImage(sample.image));
    sample.picture = entry->second.first;
    sample.picture_note = entry->second.second;
  }

 private:
  using Entry = std::pair<int, std::string>;  // index or -1, and why

  Entry Read(const os::Path& root, const std::string& image) {
    auto picture = ReadPicture(root, image);
    if (!picture.ok()) return {-1, picture.error().message()};
    if (bytes_ + picture->bytes.size() > kMaxPicturesBytes)
      return {-1, "the report's budget for pictures is spent"};
    bytes_ += picture->bytes.size();
    const char* extension = picture->media_type == "image/png" ? "png" : "jpg";
    picture->file_name = Sha256Hex(picture->bytes).substr(0, 16) + "." + extension;
    report_.pictures.push_back(*std::move(picture));
    return {static_cast<int>(report_.pictures.size()) - 1, ""};
  }

  Report& report_;
  size_t bytes_ = 0;
  std::map<std::pair<std::string, std::string>, Entry> known_;
};

void CollectPictures(const ReportSpec& spec, Report& report) {
  PictureBook book(report);
  for (size_t rank = 0; rank < spec.worst_samples; ++rank) {
    for (size_t i = 0; i < report.runs.size(); ++i) {
      std::vector<Sample>& worst = report.runs[i].worst;
      if (rank < worst.size() && spec.runs[i].image_root && !worst[rank].image.empty())
        book.Illustrate(*spec.runs[i].image_root, worst[rank]);
    }
  }
}

}  // namespace

const MetricValue* RunReport::General(const std::string& metric) const {
  for (const Group& group : groups) {
    if (group.by != "general") continue;
    const auto found = group.metrics.find(metric);
    return found == group.metrics.end() ? nullptr : &found->second;
  }
  return nullptr;
}

Report Collect(const ReportSpec& spec, const std::string& experiment,
               const std::string& generated_at) {
  Report report;
  report.title = spec.title;
  report.experiment = experiment;
  report.generated_at = generated_at;
  for (const RunSpec& run : spec.runs) report.runs.push_back(CollectRun(run, spec.worst_samples));
  MakeSections(report);
  LabelRuns(report);
  CollectWarnings(report);
  CollectPictures(spec, report);
  return report;
}

}  // namespace vlmhb::report
