#include "store/answers.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "base/text.h"

namespace vlmhb::store {
namespace {

// A CSV file that grows record by record and appears when it is whole.
class CsvPublisher {
 public:
  static Result<CsvPublisher> Create(const os::Path& path,
                                     const std::vector<std::string>& columns) {
    VLMHB_ASSIGN(os::AtomicFile file, os::AtomicFile::Create(path));
    CsvPublisher publisher(std::move(file));
    VLMHB_TRY(publisher.file_.Append(kUtf8Bom));
    VLMHB_TRY(publisher.Append(columns));
    return publisher;
  }
  Result<void> Append(const std::vector<std::string>& cells) {
    record_.clear();
    AppendCsvRecord(record_, cells);
    return file_.Append(record_);
  }
  Result<void> Publish() { return file_.Publish(); }

 private:
  explicit CsvPublisher(os::AtomicFile file) : file_(std::move(file)) {}
  os::AtomicFile file_;
  std::string record_;
};

}  // namespace

Result<AnswerCounts> PublishAnswers(const Journal& journal, const os::Path& folder) {
  AnswerCounts counts;
  VLMHB_ASSIGN(CsvPublisher answers, CsvPublisher::Create(folder / kAnswersFile, AnswerColumns()));
  const auto add_answer = [&](uint64_t, std::string_view payload) -> Result<void> {
    VLMHB_ASSIGN(const SampleRecord record, ParsePayload(payload));
    ++counts.total;
    ++(IsAnswer(record.answer.outcome) ? counts.ok : counts.failed);
    return answers.Append(ToCells(record.answer));
  };
  VLMHB_TRY(journal.VisitById(add_answer));

  VLMHB_ASSIGN(CsvPublisher requests,
               CsvPublisher::Create(folder / kRequestsFile, RequestColumns()));
  const auto add_requests = [&](uint64_t id, std::string_view payload) -> Result<void> {
    VLMHB_ASSIGN(const SampleRecord record, ParsePayload(payload));
    for (const RequestRow& request : record.requests)
      VLMHB_TRY(requests.Append(ToCells(id, request)));
    return {};
  };
  VLMHB_TRY(journal.VisitInOrder(add_requests));
  VLMHB_TRY(answers.Publish());
  VLMHB_TRY(requests.Publish());
  return counts;
}

Result<AnswersReader> AnswersReader::Open(const os::Path& path) {
  VLMHB_ASSIGN(const os::Fd readable, os::OpenFile(path, O_RDONLY));
  return FromStream(std::make_unique<std::ifstream>(path, std::ios::binary), path.string());
}

Result<AnswersReader> AnswersReader::FromStream(std::unique_ptr<std::istream> in,
                                                std::string name) {
  AnswersReader reader;
  reader.name_ = std::move(name);
  reader.in_ = std::move(in);
  reader.options_.delimiter = GuessCsvDelimiter(*reader.in_);
  reader.csv_ = std::make_unique<CsvReader>(*reader.in_, reader.options_);
  Result<bool> header = reader.csv_->Next(reader.columns_);
  if (!header.ok()) return reader.Wrong(header.error().message());
  for (std::string& column : reader.columns_)
    if (column == "sample_id") column = "id";
  for (const std::string_view required : {"id", "model_answer"}) {
    const auto found = std::count(reader.columns_.begin(), reader.columns_.end(), required);
    if (found == 1) continue;
    return reader.Wrong(fmt::format("{} column '{}'.{}",
                                    found == 0 ? "there is no" : "more than one", required,
                                    found == 0 ? DidYouMean(required, reader.columns_) : ""));
  }
  return reader;
}

Error AnswersReader::Wrong(std::string_view why) const {
  return Error(ErrorCode::kCorrupt, fmt::format("{}: {}", name_, why));
}

Result<void> AnswersReader::Seek(uint64_t offset) {
  in_->clear();
  in_->seekg(static_cast<std::streamoff>(offset));
  if (!*in_) return Error(ErrorCode::kIo, fmt::format("cannot go to byte {} of {}", offset, name_));
  csv_ = std::make_unique<CsvReader>(*in_, options_);
  seek_offset_ = offset;
  return {};
}

Result<bool> AnswersReader::Next(AnswerRow& row) {
  Result<bool> more = csv_->Next(cells_);
  if (!more.ok()) return Wrong(more.error().message());
  if (!*more) return false;
  if (cells_.size() != columns_.size())
    return Wrong(
        fmt::format("line {}: {} cells, but {} columns", line(), cells_.size(), columns_.size()));
  row = AnswerRow{};
  for (size_t i = 0; i < cells_.size(); ++i) {
    if (!IsValidUtf8(cells_[i]))
      return Wrong(fmt::format("line {}: column {} is not UTF-8", line(), columns_[i]));
    Result<void> set = SetField(row, columns_[i], cells_[i]);
    if (!set.ok()) return Wrong(fmt::format("line {}: {}", line(), set.error().message()));
  }
  return true;
}

}  // namespace vlmhb::store
