// vlmhb data inspect|validate|import: what is in a dataset, is it whole, and bring it into our
// form.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/text.h"
#include "cli/command.h"
#include "cli/prepare.h"
#include "data/import.h"
#include "data/inspect.h"
#include "report/contact_sheet.h"

namespace vlmhb::cli {
namespace {

constexpr size_t kMostFindings = 10'000;  // in JSON; texts are printed as they come
constexpr size_t kMostShown = 12;         // classes, types

struct DataOptions {
  std::string source;
  std::string format;
  std::string images;
  std::vector<std::string> map;
  std::string task;
  std::string sheet;
  uint64_t sheet_samples = 48;
  std::string to;
  std::string split;
  bool skip_bad = false;
};

Result<data::SourceOptions> SourceOf(const DataOptions& options) {
  data::SourceOptions source;
  source.path = options.source;
  source.images = options.images;
  for (const std::string& pair : options.map) {
    const size_t equals = pair.find('=');
    if (equals == pair.npos || equals + 1 == pair.size())
      return Error(ErrorCode::kInvalidConfig,
                   fmt::format("--map '{}' is not role=key, for instance question=prompt", pair));
    source.roles[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return source;
}

// What a task demands of its datasets, and what it calls the columns.
Result<void> ApplyTask(const std::string& name, data::InspectOptions& options) {
  std::vector<config::Problem> problems;
  const registry::Registry registry = OpenRegistry(".", IsDevMode(""), problems);
  VLMHB_ASSIGN(const registry::TaskEntry* task, registry.FindTask(name));
  options.required.insert(task->required_columns.begin(), task->required_columns.end());
  if (options.source.roles.empty() &&
      data::DetectFormat(options.source.path) == data::Formats().data())
    for (const auto& [role, column] : task->columns)
      if (role == "image" || options.required.contains(role)) options.source.roles[role] = column;
  return {};
}

Result<data::InspectOptions> InspectOptionsOf(const DataOptions& options) {
  data::InspectOptions inspect;
  inspect.format = options.format;
  VLMHB_ASSIGN(inspect.source, SourceOf(options));
  if (!options.task.empty()) VLMHB_TRY(ApplyTask(options.task, inspect));
  return inspect;
}

json::object ToJson(const data::Finding& finding) {
  return {{"severity", finding.severity == data::Severity::kError ? "error" : "warning"},
          {"check", finding.check},
          {"place", finding.place},
          {"what", finding.what},
          {"fix", finding.fix}};
}

std::string Bytes(uint64_t bytes) {
  return bytes < 1'000'000 ? fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3)
                           : fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

// "invoice 12, letter 3", the most frequent first.
std::string Listed(const std::map<std::string, uint64_t>& counts) {
  std::vector<std::pair<std::string, uint64_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (size_t i = 0; i < std::min(sorted.size(), kMostShown); ++i)
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ",
                        sorted[i].first.empty() ? "(none)" : Printable(sorted[i].first),
                        FormatCount(static_cast<int64_t>(sorted[i].second)));
  if (sorted.size() > kMostShown) text += fmt::format(" and {} more", sorted.size() - kMostShown);
  return text.empty() ? "none" : text;
}

void PrintInspection(const Globals& globals, const data::Inspection& found) {
  const auto line = [&](std::string_view name, const std::string& text) {
    fmt::print("{}  {}\n", Tinted(globals.out, Tint::kBold, fmt::format("{:<15}", name)), text);
  };
  const data::ImageCounts& images = found.images;
  line("format", found.format);
  line("samples", FormatCount(static_cast<int64_t>(found.samples)));
  line("images",
       fmt::format(
           "{} different, {}{}", FormatCount(static_cast<int64_t>(images.distinct)),
           Bytes(images.bytes),
           found.most_images > 1 ? fmt::format(", up to {} in a sample", found.most_images) : ""));
  line("kinds", Listed(images.kinds));
  if (images.most_width > 0)
    line("sizes", fmt::format("{}–{} × {}–{} pixels", images.least_width, images.most_width,
                              images.least_height, images.most_height));
  line("doc_class", Listed(found.doc_classes));
  line("question_type", Listed(found.question_types));
  line("scripts", Listed(found.scripts));
  if (!found.fields.empty()) line("other fields", Printable(Join(found.fields, ", ")));
  if (found.content_digest.has_value()) line("content", *found.content_digest);
  line("errors", Listed(found.errors));
  line("warnings", Listed(found.warnings));
  if (found.partial) line("note", "duplicates were looked for among the first million only");
}

Result<void> WriteSheet(const DataOptions& options, const data::Inspection& found) {
  VLMHB_ASSIGN(const data::SourceOptions source, SourceOf(options));
  VLMHB_ASSIGN(const data::OpenedSource opened, data::OpenSource(options.format, source));
  VLMHB_ASSIGN(const std::string page,
               report::MakeContactSheet(
                   *opened.reader, {.title = os::Path(options.source).lexically_normal().string(),
                                    .total = found.samples,
                                    .samples = options.sheet_samples}));
  return os::WriteFileAtomic(options.sheet, page);
}

int InspectData(const Globals& globals, const DataOptions& options) {
  const Result<data::InspectOptions> inspect = InspectOptionsOf(options);
  if (!inspect.ok()) return Fail(globals, inspect.error());
  const Result<data::Inspection> found = data::Inspect(*inspect, [](const data::Finding&) {});
  if (!found.ok()) return Fail(globals, found.error());
  if (!options.sheet.empty()) {
    const Result<void> written = WriteSheet(options, *found);
    if (!written.ok()) return Fail(globals, written.error());
  }
  if (globals.json) {
    PrintJson(data::ToJsonObject(*found));
  } else {
    PrintInspection(globals, *found);
  }
  return 0;
}

int ValidateData(const Globals& globals, const DataOptions& options) {
  const Result<data::InspectOptions> inspect = InspectOptionsOf(options);
  if (!inspect.ok()) return Fail(globals, inspect.error());
  json::array findings;
  const auto tell = [&](const data::Finding& finding) {
    const bool is_error = finding.severity == data::Severity::kError;
    if (globals.json) {
      if (findings.size() < kMostFindings) findings.push_back(ToJson(finding));
    } else if (is_error || !globals.quiet) {
      fmt::print("{} {}: {} [{}]; {}\n",
                 is_error ? Tinted(globals.out, Tint::kRed, "error:")
                          : Tinted(globals.out, Tint::kYellow, "warning:"),
                 Printable(finding.place), Printable(finding.what), finding.check,
                 Printable(finding.fix));
    }
  };
  const Result<data::Inspection> found = data::Inspect(*inspect, tell);
  if (!found.ok()) return Fail(globals, found.error());
  const bool valid = found->errors.empty();
  if (globals.json) {
    json::object result = data::ToJsonObject(*found);
    result["valid"] = valid;
    result["findings"] = std::move(findings);
    PrintJson(result);
  } else if (valid) {
    fmt::print("{} {} samples, {} images; warnings: {}\n",
               Tinted(globals.out, Tint::kGreen, "valid:"),
               FormatCount(static_cast<int64_t>(found->samples)),
               FormatCount(static_cast<int64_t>(found->images.distinct)), Listed(found->warnings));
  } else {
    fmt::print("{} {}\n", Tinted(globals.out, Tint::kRed, "not valid:"), Listed(found->errors));
  }
  return valid ? 0 : 1;
}

// A folder under a temporary name beside its final one, so that the final one is whole or absent.
Result<data::ImportReport> ImportToFolder(const DataOptions& options) {
  const os::Path target = std::filesystem::absolute(options.to).lexically_normal();
  const os::Path folder = target.has_filename() ? target : target.parent_path();
  std::error_code error;
  if (std::filesystem::exists(std::filesystem::symlink_status(folder, error)))
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("{} exists; import into a new folder", folder.string()));
  VLMHB_TRY(os::MakeFolders(folder.parent_path()));
  VLMHB_ASSIGN(const std::unique_ptr<os::TempFolder> temporary,
               os::TempFolder::Create(folder.parent_path(), "." + folder.filename().string()));
  data::ImportOptions import;
  VLMHB_ASSIGN(import.source, SourceOf(options));
  import.format = options.format;
  import.output = temporary->path() / "data";
  import.files = data::ImageFiles::kCopy;
  if (!options.split.empty()) import.split = options.split;
  import.skip_bad = options.skip_bad;
  VLMHB_ASSIGN(data::ImportReport report, data::Import(import));
  if (!report.published) return report;
  report.root = folder;
  report.annotation = folder / "annotation.csv";
  VLMHB_TRY(
      os::WriteFileAtomic(import.output / "import.json", ToPrettyJson(data::ToJsonObject(report))));
  if (::renameat2(AT_FDCWD, import.output.c_str(), AT_FDCWD, folder.c_str(), RENAME_NOREPLACE) != 0)
    return ErrnoError(errno, fmt::format("cannot publish {}", folder.string()));
  VLMHB_TRY(os::SyncFolder(folder.parent_path()));
  return report;
}

int ImportData(const Globals& globals, const DataOptions& options) {
  const Result<data::ImportReport> report = ImportToFolder(options);
  if (!report.ok()) return Fail(globals, report.error());
  if (globals.json) {
    PrintJson(data::ToJsonObject(*report));
    return report->published ? 0 : 1;
  }
  for (const data::ImportProblem& problem : report->problems)
    fmt::print(stderr, "{} {}: {}\n", Tinted(globals.err, Tint::kYellow, "bad record:"),
               Printable(problem.place), Printable(problem.reason));
  if (report->bad > report->problems.size())
    fmt::print(stderr, "and {} more\n", report->bad - report->problems.size());
  if (!report->published) {
    fmt::print(stderr,
               "{} {} of {} records are bad; nothing was written. Mend them, or leave them out "
               "with --skip-bad.\n",
               Tinted(globals.err, Tint::kRed, "error:"), report->bad,
               report->bad + report->samples + report->left_out);
    return 1;
  }
  fmt::print("{}: {} samples ({}), {} images, {} bad records left out\ncontent {}\n",
             report->root.string(), FormatCount(static_cast<int64_t>(report->samples)),
             report->format, FormatCount(static_cast<int64_t>(report->stored_images)), report->bad,
             report->content_digest);
  return 0;
}

std::string FormatFooter() {
  std::string text = "Formats (--format; recognised if not named):\n";
  for (const data::Format& format : data::Formats())
    text += fmt::format("  {:<11} {}\n", format.name, format.description);
  return text +
         "\nRoles (--map role=key): image, question, answer, doc_class, question_type, system, id";
}

void AddSource(CLI::App& verb, DataOptions& options) {
  verb.add_option("source", options.source, "File or folder of the dataset")
      ->required()
      ->type_name("PATH");
  verb.add_option("--format", options.format, "Its format, where it is not recognised")
      ->type_name("FORMAT");
  verb.add_option("--images", options.images, "Folder that image paths are relative to")
      ->type_name("DIR");
  verb.add_option("--map", options.map, "The column or key of a role: question=prompt")
      ->type_name("ROLE=KEY");
  verb.footer(FormatFooter());
}

using Action = int (*)(const Globals&, const DataOptions&);

void SetAction(CLI::App& verb, Session& session, std::shared_ptr<DataOptions> options,
               Action action) {
  verb.callback([&session, options, action] {
    session.action = [&session, options, action] { return action(session.globals, *options); };
  });
}

}  // namespace

void AddData(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("data", "Look into datasets, check them, import them");
  verb->require_subcommand(1);
  verb->footer(
      "Examples:\n  vlmhb data inspect MMBench.tsv --contact-sheet sheet.html\n"
      "  vlmhb data validate datasets/VQA/mine --task vqa\n"
      "  vlmhb data import qa.jsonl --to datasets/VQA/qa --map question=prompt");
  const auto options = std::make_shared<DataOptions>();

  CLI::App* inspect = verb->add_subcommand("inspect", "What is in it, in any format");
  AddSource(*inspect, *options);
  inspect->add_option("--task", options->task, "Task whose columns and demands count")
      ->type_name("TASK");
  inspect->add_option("--contact-sheet", options->sheet, "Write samples side by side as HTML")
      ->type_name("FILE");
  inspect->add_option("--sheet-samples", options->sheet_samples, "How many (default: 48)")
      ->check(CLI::Range(1, 5000));
  SetAction(*inspect, session, options, InspectData);

  CLI::App* validate = verb->add_subcommand(
      "validate", "Every problem, with its fix; exit status 1 if there is one");
  AddSource(*validate, *options);
  validate->add_option("--task", options->task, "Task whose columns and demands count")
      ->type_name("TASK");
  SetAction(*validate, session, options, ValidateData);

  CLI::App* import = verb->add_subcommand("import", "Make a self-contained dataset of it");
  AddSource(*import, *options);
  import->add_option("--to", options->to, "The new folder")->required()->type_name("DIR");
  import->add_option("--split", options->split, "Only samples of this split")->type_name("NAME");
  import->add_flag("--skip-bad", options->skip_bad,
                   "Leave bad records out instead of writing nothing");
  SetAction(*import, session, options, ImportData);
}

}  // namespace vlmhb::cli
