#include "inference/stage.h"

#include <fmt/format.h>

#include "data/annotation_reader.h"
#include "inference/spec.h"
#include "store/answer_row.h"
#include "store/answers.h"
#include "store/events.h"
#include "store/journal.h"

namespace vlmhb::inference {
namespace {

bool IsFailure(std::string_view payload) {
  const Result<store::SampleRecord> record = store::ParsePayload(payload);
  return !record.ok() || !store::IsAnswer(record->answer.outcome);
}

// What a run that was killed while it published left behind. REQUIRES: the journal's lock.
void RemoveTemporaryFiles(const os::Path& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    if (entry.path().extension() == ".tmp") std::filesystem::remove(entry.path(), ignored);
}

// The journal as this run finds it, with failures taken out if they are to be asked again.
Result<Tally> Prepare(const InferSpec& spec, store::Journal& journal, store::EventWriter& events) {
  if (journal.dropped_bytes() > 0)
    events.Log("warning", fmt::format("the journal's last {} bytes were incomplete (an earlier run "
                                      "was killed); those samples are asked again",
                                      journal.dropped_bytes()));
  if (spec.retry_failed)
    VLMHB_TRY(journal.Filter([](std::string_view payload) { return !IsFailure(payload); }));
  Tally tally;
  VLMHB_ASSIGN(tally.total, data::CountSamples(spec.dataset));
  tally.done = journal.size();
  const auto count_failure = [&](uint64_t, std::string_view payload) {
    if (IsFailure(payload)) ++tally.failed;
    return Result<void>();
  };
  VLMHB_TRY(journal.VisitInOrder(count_failure));
  return tally;
}

Result<store::StageResult> Publish(const InferSpec& spec, const RunContext& context,
                                   const store::Journal& journal, std::string started_at) {
  VLMHB_ASSIGN(const store::AnswerCounts counts, store::PublishAnswers(journal, spec.output));
  store::StageResult result;
  result.identity = spec.identity;
  result.total = counts.total;
  result.ok = counts.ok;
  result.failed = counts.failed;
  result.started_at = std::move(started_at);
  result.finished_at = FormatUtc(context.clock.Wall());
  VLMHB_TRY(store::WriteResult(
      spec.output, result, {std::string(store::kAnswersFile), std::string(store::kRequestsFile)}));
  return result;
}

Result<store::StageResult> RunWith(const InferSpec& spec, const RunContext& context,
                                   store::EventWriter& events) {
  const std::string started_at = FormatUtc(context.clock.Wall());
  VLMHB_ASSIGN(store::Journal journal, store::Journal::Open(spec.output, spec.identity));
  RemoveTemporaryFiles(spec.output);
  std::error_code ignored;
  std::filesystem::remove(spec.output / store::kResultFile, ignored);
  VLMHB_ASSIGN(const Tally tally, Prepare(spec, journal, events));
  events.Started(tally.total, tally.done);
  if (tally.failed > 0) events.Progress(tally.done, tally.failed);
  if (tally.done < tally.total) VLMHB_TRY(RunInference(spec, context, journal, events, tally));
  if (journal.size() != tally.total)
    return Error(ErrorCode::kCorrupt,
                 fmt::format("{} samples are answered, but {} has {}: was it changed meanwhile?",
                             journal.size(), spec.dataset.annotation.string(), tally.total));
  return Publish(spec, context, journal, started_at);
}

Error WithAdvice(Error error, const InferSpec& spec) {
  if (error.code() != ErrorCode::kNoSpace) return error;
  return Error(ErrorCode::kNoSpace,
               fmt::format("{}. Free some space on the disk of {} and run the same command again: "
                           "answered samples are kept",
                           error.ToString(), spec.output.string()));
}

}  // namespace

Result<store::StageResult> RunInferStage(const json::object& stage, const RunContext& context) {
  VLMHB_ASSIGN(const InferSpec spec, ParseInferSpec(stage));
  VLMHB_TRY(os::MakeFolders(spec.output));
  VLMHB_ASSIGN(store::EventWriter events, store::EventWriter::Open(spec.output, context.clock));
  Result<store::StageResult> result = RunWith(spec, context, events);
  if (result.ok()) {
    events.Finished(result->status());
    return result;
  }
  Error error = WithAdvice(std::move(result).error(), spec);
  if (error.code() != ErrorCode::kCancelled) events.Failed(error);
  return error;
}

}  // namespace vlmhb::inference
