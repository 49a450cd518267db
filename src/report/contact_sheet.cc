#include "report/contact_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "data/image_folder.h"
#include "data/image_kind.h"
#include "report/escape.h"

namespace vlmhb::report {
namespace {

constexpr size_t kMostTextCharacters = 600;
constexpr size_t kMostNameCharacters = 120;
constexpr size_t kMaxImageBytes = 4u << 20;
// What every browser shows; scripts cannot hide in any of them.
constexpr std::array<std::string_view, 5> kShown = {"png", "jpg", "gif", "webp", "bmp"};

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#161b22;--soft:#56606d;--line:#dfe3e8;--mat:#eceff3;--bad:#a3261b}
@media (prefers-color-scheme:dark){:root{--page:#0e1217;--card:#171c23;--ink:#e7ebf0;--soft:#9aa5b3;--line:#2c343e;--mat:#0b0e12;--bad:#ffaaa0}}
*{box-sizing:border-box;scrollbar-width:thin;scrollbar-color:var(--line) transparent}
body{margin:0;padding:24px;background:var(--page);color:var(--ink);font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;overflow-wrap:anywhere}
h1{font-size:1.4rem;line-height:1.2;margin:0 0 4px}
.soft{color:var(--soft);margin:0 0 20px}
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(260px,1fr));gap:16px;align-items:start}
article{background:var(--card);border:1px solid var(--line);border-radius:10px;overflow:hidden}
.images{display:flex;gap:2px;overflow-x:auto;background:var(--mat)}
figure{margin:0;flex:1 0 100%;min-width:0}
.several figure{flex-basis:46%}
summary{display:block;cursor:zoom-in;list-style:none}
summary::-webkit-details-marker{display:none}
img{display:block;width:100%;height:200px;object-fit:contain}
details[open]>summary{cursor:zoom-out;position:fixed;inset:0;z-index:2;background:var(--page);padding:16px}
details[open] img{height:100%}
.none{height:200px;display:grid;place-items:center;text-align:center;padding:12px;color:var(--bad)}
.text{padding:10px 12px 12px}
.head{display:flex;flex-wrap:wrap;gap:4px 8px;font-size:.82em;color:var(--soft)}
.tag{border:1px solid var(--line);border-radius:6px;padding:0 6px}
dl{margin:8px 0 0}
dt{font-size:.78em;color:var(--soft)}
dd{margin:0 0 6px;white-space:pre-wrap;max-height:9.5em;overflow-y:auto}
.file{font-size:.78em;color:var(--soft);margin:6px 0 0}
.bad{color:var(--bad)}
@media print{article{break-inside:avoid}}
)css";

std::string Short(std::string_view text, size_t characters) {
  return EscapeHtml(Shorten(text, characters));
}

class ContactSheet {
 public:
  ContactSheet(data::ImageFolder folder, const ContactSheetOptions& options)
      : folder_(std::move(folder)), options_(options) {}

  void Add(uint64_t number, const data::SourceRecord& record) {
    const data::ImportedSample& sample = record.sample;
    const bool is_bad = !record.bad_reason.empty();
    page_ += fmt::format("<article><div class=\"images{}\">",
                         sample.images.size() > 1 ? " several" : "");
    std::string files;
    const size_t shown = std::min(sample.images.size(), options_.images_of_a_sample);
    for (size_t i = 0; i < shown; ++i) AddImage(sample.images[i], files);
    if (shown == 0) page_ += "<div class=\"none\">no image</div>";
    page_ +=
        fmt::format("</div><div class=\"text\"><div class=\"head\"><span>#{}</span><span>{}</span>",
                    number, Short(record.place, kMostNameCharacters));
    if (sample.images.size() > 1) AddTag(fmt::format("{} images", sample.images.size()));
    AddTag(sample.id.empty() ? "" : "id " + sample.id);
    AddTag(sample.doc_class);
    AddTag(sample.question_type);
    page_ += "</div>";
    if (is_bad)
      page_ += "<p class=\"bad\">" + Short(record.bad_reason, kMostTextCharacters) + "</p>";
    page_ += "<dl>";
    AddText("System prompt", sample.system);
    AddText("Question", sample.prompt);
    AddText("Answer", sample.reference);
    page_ += "</dl><p class=\"file\">" + files;
    if (sample.images.size() > shown)
      page_ += fmt::format(" and {} more images", sample.images.size() - shown);
    page_ += "</p></div></article>\n";
  }

  std::string Finish(uint64_t shown) const {
    return fmt::format(
               "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
               "content=\"width=device-width,initial-scale=1\">\n<meta "
               "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src "
               "data:; "
               "style-src 'unsafe-inline'\">\n<title>{0}</title><style>{1}</style>\n<h1>{0}</h1><p "
               "class=\"soft\">{2} of {3} samples. Click an image to enlarge it.</p>\n<main>\n",
               EscapeHtml(options_.title), kStyle, shown, options_.total) +
           page_ + "</main></html>\n";
  }

 private:
  void AddTag(const std::string& text) {
    if (text.empty()) return;
    page_ += "<span class=\"tag\">" + Short(text, kMostNameCharacters) + "</span>";
  }

  void AddText(std::string_view title, const std::string& text) {
    if (text.empty()) return;
    page_ +=
        fmt::format("<dt>{}</dt><dd dir=\"auto\">{}</dd>", title, Short(text, kMostTextCharacters));
  }

  Result<std::string> Read(const data::SampleImage& image) const {
    if (const auto* bytes = std::get_if<data::ImageBytes>(&image)) return bytes->bytes;
    VLMHB_ASSIGN(const data::ImageFile file, folder_.Find(std::get<std::string>(image)));
    if (file.stamp.size > kMaxImageBytes)
      return Error(ErrorCode::kUnsupported, "too large to show");
    return os::ReadFile(file.path, kMaxImageBytes);
  }

  void AddImage(const data::SampleImage& image, std::string& files) {
    const auto* path = std::get_if<std::string>(&image);
    if (path != nullptr) files += (files.empty() ? "" : ", ") + Short(*path, kMostNameCharacters);
    const Result<std::string> bytes = Read(image);
    if (!bytes.ok()) return AddNone(bytes.error().message());
    const data::ImageFacts facts = data::LookAt(*bytes);
    if (std::find(kShown.begin(), kShown.end(), facts.kind.name) == kShown.end())
      return AddNone(fmt::format("{}: not shown", facts.kind.media_type));
    if (bytes->size() > kMaxImageBytes) return AddNone("too large to show");
    if (embedded_ + bytes->size() > options_.image_bytes)
      return AddNone("the page's budget for images is spent");
    embedded_ += bytes->size();
    page_ += fmt::format(
        "<figure><details><summary title=\"{} × {} {}\"><img loading=\"lazy\" alt=\"image of the "
        "sample\" src=\"data:{};base64,{}\"></summary></details></figure>",
        facts.width, facts.height, facts.kind.name, facts.kind.media_type, Base64Encode(*bytes));
  }

  void AddNone(std::string_view why) {
    page_ += "<figure class=\"none\">" + Short(why, kMostNameCharacters) + "</figure>";
  }

  data::ImageFolder folder_;
  const ContactSheetOptions& options_;
  std::string page_;
  size_t embedded_ = 0;
};

}  // namespace

Result<std::string> MakeContactSheet(data::SampleReader& reader,
                                     const ContactSheetOptions& options) {
  VLMHB_ASSIGN(data::ImageFolder folder, data::ImageFolder::Open(reader.root()));
  ContactSheet sheet(std::move(folder), options);
  data::SourceRecord record;
  const uint64_t wanted = std::min(options.samples, options.total);
  uint64_t shown = 0;
  for (uint64_t number = 0;; ++number) {
    VLMHB_ASSIGN(const bool more, reader.Next(record));
    if (!more) return sheet.Finish(shown);
    if (shown == wanted || number < shown * options.total / wanted) continue;
    sheet.Add(number, record);
    ++shown;
  }
}

}  // namespace vlmhb::report
