#include "lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vlmhb::tesseract_worker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(AnswerLines, BlankLinesAreCollapsedOrKept) {
  const std::string text = "Счёт № 5\n\n \nИтого: 10\n\n";
  EXPECT_THAT(AnswerLines(text, BlankLines::kCollapse), ElementsAre("Счёт № 5\n", "Итого: 10"));
  EXPECT_THAT(AnswerLines(text, BlankLines::kKeep),
              ElementsAre("Счёт № 5\n", "\n", " \n", "Итого: 10"));
}

TEST(AnswerLines, WhiteSpaceInsideOfALineStays) {
  EXPECT_THAT(AnswerLines("  a  b \nc\f", BlankLines::kCollapse), ElementsAre("  a  b \n", "c"));
}

TEST(AnswerLines, NothingRecognisedIsNoPiece) {
  EXPECT_THAT(AnswerLines("", BlankLines::kKeep), IsEmpty());
  EXPECT_THAT(AnswerLines(" \n\n\f", BlankLines::kKeep), IsEmpty());
}

}  // namespace
}  // namespace vlmhb::tesseract_worker
