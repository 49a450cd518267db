#include "evaluate/score_sorter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <tuple>

namespace vlmhb::evaluate {
namespace {

using Key = std::tuple<uint64_t, uint64_t, uint64_t, double>;

std::vector<Key> ReadAll(ScoreSorter& sorter) {
  EXPECT_TRUE(sorter.Rewind().ok());
  std::vector<Key> keys;
  SampleScores sample;
  while (sorter.Next(sample).value()) {
    keys.emplace_back(sample.cluster, sample.id, sample.groups[1], sample.scores[2].numerator);
  }
  return keys;
}

TEST(ScoreSorterTest, SortsInMemoryAndThroughAFileAlike) {
  std::mt19937_64 random(11);
  const os::TempFolder folder;
  std::vector<SampleScores> samples;
  for (uint64_t id = 0; id < 5000; ++id) {
    SampleScores sample{random() % 300, id, {id % 7, id % 11}, {}};
    for (int m = 0; m < 3; ++m) sample.scores.push_back({double(random() % 100), double(m)});
    samples.push_back(sample);
  }
  std::vector<Key> expected;
  for (const SampleScores& sample : samples) {
    expected.emplace_back(sample.cluster, sample.id, sample.groups[1], sample.scores[2].numerator);
  }
  std::sort(expected.begin(), expected.end());

  // 10 words of 8 bytes a record: everything fits, 51 runs, and a run of one record each.
  for (const size_t memory : {size_t{1} << 20, size_t{8000}, size_t{1}}) {
    std::shuffle(samples.begin(), samples.end(), random);
    ScoreSorter sorter(folder.path(), 2, 3, memory);
    for (const SampleScores& sample : samples) ASSERT_TRUE(sorter.Add(sample).ok());
    EXPECT_EQ(ReadAll(sorter), expected) << memory;
    EXPECT_EQ(ReadAll(sorter), expected) << "a second pass";
    EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "the file has no name";
  }
}

TEST(ScoreSorterTest, NothingAddedIsNothingRead) {
  ScoreSorter sorter("/nonexistent", 1, 1);
  ASSERT_TRUE(sorter.Rewind().ok());
  SampleScores sample;
  EXPECT_FALSE(sorter.Next(sample).value());
}

TEST(ScoreSorterTest, AFolderThatIsNotThereIsAnError) {
  ScoreSorter sorter("/nonexistent", 1, 1, 1);
  const Result<void> added = sorter.Add({1, 1, {0}, {{1, 1}}});
  ASSERT_FALSE(added.ok());
  EXPECT_NE(added.error().message().find("/nonexistent"), std::string::npos);
}

}  // namespace
}  // namespace vlmhb::evaluate
