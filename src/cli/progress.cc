#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>

namespace vlmhb::cli {
namespace {

using orchestrator::StageReport;
using plan::Stage;
using plan::StageState;

constexpr std::chrono::seconds kBetweenLines{10};

double Seconds(Nanos duration) { return std::chrono::duration<double>(duration).count(); }

// Samples a second, of this attempt only. 0 while it cannot be told.
double RateOf(const StageReport& report, Nanos now) {
  const Nanos end = report.ended.count() > 0 ? report.ended : now;
  const double elapsed = Seconds(end - report.started);
  if (report.started.count() == 0 || elapsed < 0.2) return 0;
  return static_cast<double>(report.done - report.done_before) / elapsed;
}

std::string Bar(const Terminal& terminal, int64_t done, int64_t total, size_t width) {
  const size_t full = total <= 0 ? 0
                                 : std::min(width, static_cast<size_t>(static_cast<double>(done) /
                                                                       static_cast<double>(total) *
                                                                       static_cast<double>(width)));
  std::string filled;
  std::string rest;
  for (size_t i = 0; i < full; ++i) filled += "█";
  for (size_t i = full; i < width; ++i) rest += "░";
  return Tinted(terminal, Tint::kGreen, filled) + Tinted(terminal, Tint::kDim, rest);
}

std::string FailedText(const Terminal& terminal, int64_t failed) {
  return failed == 0
             ? ""
             : Tinted(terminal, Tint::kYellow, fmt::format("  {} failed", FormatCount(failed)));
}

std::string EndText(const Stage& stage, const StageReport& report, const Terminal& terminal) {
  const std::string samples =
      fmt::format("{} {}", FormatCount(report.total), stage.run.has_value() ? "samples" : "runs");
  switch (report.state) {
    case StageState::kDone:
      if (report.reused)
        return Tinted(terminal, Tint::kDim, "reused  " + samples) +
               FailedText(terminal, report.failed);
      return fmt::format("{}  {} in {:.1f} s{}", Tinted(terminal, Tint::kGreen, "done"), samples,
                         Seconds(report.ended - report.started),
                         FailedText(terminal, report.failed));
    case StageState::kFailed:
      return Tinted(terminal, Tint::kRed, "failed") + "  " + Printable(report.message);
    case StageState::kSkipped:
      return Tinted(terminal, Tint::kYellow, "skipped") + "  " + Printable(report.message);
    case StageState::kStopped:
      return Tinted(terminal, Tint::kYellow, "stopped") +
             (report.done > 0 ? fmt::format("  {} of {} kept", FormatCount(report.done),
                                            FormatCount(report.total))
                              : "");
    default:
      return Tinted(terminal, Tint::kDim, "waiting");
  }
}

// Stopped before its turn came: nothing to tell.
bool NeverStarted(const StageReport& report) {
  return report.state == StageState::kStopped && report.started.count() == 0;
}

class Quiet final : public orchestrator::Listener {
 public:
  void OnStage(const Stage&, const StageReport&) override {}
  void OnLog(const Stage&, std::string_view, std::string_view) override {}
};

// For logs and pipes: a line when a stage starts, ends, and every ten seconds between.
class PlainLines final : public orchestrator::Listener {
 public:
  PlainLines(const Terminal& terminal, Verbosity verbosity, const Clock& clock)
      : terminal_(terminal), verbosity_(verbosity), clock_(clock) {}

  void OnStage(const Stage& stage, const StageReport& report) override {
    if (report.state == StageState::kWaiting || NeverStarted(report)) return;
    if (report.state != StageState::kRunning) {
      Print(stage, EndText(stage, report, terminal_));
      return;
    }
    const Nanos now = clock_.Steady();
    const auto [last, first] = printed_.try_emplace(stage.id, now);
    if (first) Print(stage, "started");
    if (now - last->second < kBetweenLines) return;
    last->second = now;
    Print(stage, ProgressText(report));
  }

  void OnLog(const Stage& stage, std::string_view level, std::string_view message) override {
    if (level == "warning" || verbosity_ == Verbosity::kVerbose)
      Print(stage, fmt::format("{}: {}", level, Printable(message)));
  }

 private:
  std::string ProgressText(const StageReport& report) const {
    return fmt::format("{} of {}, {:.1f}/s{}", FormatCount(report.done), FormatCount(report.total),
                       RateOf(report, clock_.Steady()), FailedText(terminal_, report.failed));
  }

  void Print(const Stage& stage, std::string_view text) {
    fmt::print(stderr, "{}  {}  {}\n", FormatUtc(clock_.Wall()).substr(11, 8), stage.id, text);
  }

  const Terminal terminal_;
  const Verbosity verbosity_;
  const Clock& clock_;
  std::map<std::string, Nanos> printed_;  // when a line of the stage was last printed
};

// A table of all stages that is drawn again in place. With more stages than fit, those that have
// ended scroll up and away as plain lines, and waiting ones are only counted.
class LiveTable final : public orchestrator::Listener {
 public:
  LiveTable(const plan::Plan& plan, const Terminal& terminal, Verbosity verbosity,
            const Clock& clock)
      : plan_(plan), terminal_(terminal), verbosity_(verbosity), clock_(clock) {
    for (size_t i = 0; i < plan.stages.size(); ++i) index_[plan.stages[i].id] = i;
    reports_.resize(plan.stages.size());
    printed_.resize(plan.stages.size(), false);
  }
  ~LiveTable() override { Draw(); }

  void OnStage(const Stage& stage, const StageReport& report) override {
    reports_[index_.at(stage.id)] = report;
    if (report.state != StageState::kRunning) Draw();
  }
  void OnTick() override { Draw(); }

  void OnLog(const Stage& stage, std::string_view level, std::string_view message) override {
    if (level != "warning" && verbosity_ != Verbosity::kVerbose) return;
    Erase();
    fmt::print(stderr, "{} {}: {}\n", Tinted(terminal_, Tint::kYellow, level), stage.id,
               Printable(message));
    Draw();
  }

 private:
  void Erase() {
    if (lines_ > 0) fmt::print(stderr, "\x1b[{}A\x1b[J", lines_);
    lines_ = 0;
  }

  void Draw() {
    Erase();
    const Nanos now = clock_.Steady();
    size_t waiting = 0;
    std::string live;
    for (size_t i = 0; i < reports_.size(); ++i) {
      const StageState state = reports_[i].state;
      if (state == StageState::kRunning) {
        live += ProgressLine(plan_.stages[i], reports_[i], terminal_, now) + "\n";
        ++lines_;
      } else if (state == StageState::kWaiting) {
        ++waiting;
      } else if (!printed_[i] && !NeverStarted(reports_[i])) {
        fmt::print(stderr, "{}\n", ProgressLine(plan_.stages[i], reports_[i], terminal_, now));
        printed_[i] = true;
      }
    }
    if (waiting > 0) {
      live += Tinted(terminal_, Tint::kDim, fmt::format("  {} waiting", waiting)) + "\n";
      ++lines_;
    }
    std::fputs(live.c_str(), stderr);
    std::fflush(stderr);
  }

  const plan::Plan& plan_;
  const Terminal terminal_;
  const Verbosity verbosity_;
  const Clock& clock_;
  std::map<std::string, size_t> index_;
  std::vector<StageReport> reports_;
  std::vector<bool> printed_;  // its last line stands above the live part
  int lines_ = 0;
};

}  // namespace

std::string ProgressLine(const Stage& stage, const StageReport& report, const Terminal& terminal,
                         Nanos now) {
  const auto name_width = static_cast<size_t>(std::clamp(terminal.width / 3, 16, 44));
  const std::string name = "  " + Fit(stage.id, name_width) + "  ";
  if (report.state != StageState::kRunning) return name + EndText(stage, report, terminal);
  const double elapsed = Seconds(now - report.started);
  if (report.total <= 0) return name + fmt::format("running  {}", FormatSeconds(elapsed));

  const double rate = RateOf(report, now);
  const int room = terminal.width - static_cast<int>(name_width) - 50;
  const std::string left =
      rate > 0 ? FormatSeconds(static_cast<double>(report.total - report.done) / rate) : "–";
  return name +
         (room >= 8
              ? Bar(terminal, report.done, report.total, static_cast<size_t>(std::min(room, 30))) +
                    "  "
              : "") +
         fmt::format("{:>3}%  {}/{}  {:.1f}/s  ETA {}{}", 100 * report.done / report.total,
                     FormatCount(report.done), FormatCount(report.total), rate, left,
                     FailedText(terminal, report.failed));
}

std::unique_ptr<orchestrator::Listener> MakeProgress(const plan::Plan& plan,
                                                     const Terminal& terminal, Verbosity verbosity,
                                                     const Clock& clock) {
  if (verbosity == Verbosity::kQuiet) return std::make_unique<Quiet>();
  if (terminal.interactive) return std::make_unique<LiveTable>(plan, terminal, verbosity, clock);
  return std::make_unique<PlainLines>(terminal, verbosity, clock);
}

}  // namespace vlmhb::cli
