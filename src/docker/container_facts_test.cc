#include "docker/container_facts.h"

#include <gtest/gtest.h>

#include "base/result.h"

namespace vlmhb::docker {
namespace {

json::object Parsed(std::string_view text) { return ParseJson(text)->as_object(); }

TEST(ContainerFacts, TimestampsOfBothEngines) {
  using std::chrono::nanoseconds;
  EXPECT_EQ(ParseTimestamp("1971-01-01T00:00:01Z"), std::chrono::seconds(365 * 86400 + 1));
  EXPECT_EQ(ParseTimestamp("2026-11-24T11:30:19.5Z"), nanoseconds(1795519819'500'000'000));
  EXPECT_EQ(ParseTimestamp("2026-11-24T13:30:19.500000000+02:00"),
            nanoseconds(1795519819'500'000'000));
  EXPECT_EQ(ParseTimestamp("2026-11-24T09:00:19.5-02:30"), nanoseconds(1795519819'500'000'000));
  for (const char* bad :
       {"", "never", "2026-11-24", "2026-11-24T11:30:19", "2026-13-24T11:30:19Z",
        "2026-11-31T11:30:19Z", "0001-01-01T00:00:00Z", "2026-11-24T11:30:19.5",
        "2026-11-24T11:30:19Zx", "2026-11-24T11:30:19+0200", "2026-11-24 11:30:19Z"})
    EXPECT_FALSE(ParseTimestamp(bad).has_value()) << bad;
}

TEST(ContainerFacts, MountsAreThoseBelowData) {
  const auto mounts = MountsOf(Parsed(R"({"Mounts":[
      {"Source":"/h/out","Destination":"/data/out","RW":true},
      {"Source":"/h/in","Destination":"/data/in","RW":false},
      {"Source":"","Destination":"/tmp","RW":true}, 7]})"));
  ASSERT_EQ(mounts.size(), 2u);
  EXPECT_EQ(mounts[0].name, "in");
  EXPECT_EQ(mounts[0].access, env::Access::kReadOnly);
  EXPECT_EQ(mounts[1].host, "/h/out");
  EXPECT_EQ(mounts[1].guest, "/data/out");
  EXPECT_EQ(mounts[1].access, env::Access::kReadWrite);
  EXPECT_TRUE(MountsOf({}).empty());
}

TEST(ContainerFacts, ALimitThatIsNotThereIsNotInForce) {
  const env::EnvSpec spec{.cpus = 2, .memory_bytes = 1000, .max_processes = 50};
  const LimitsInForce all = LimitsOf(
      Parsed(R"({"HostConfig":{"Memory":1000,"PidsLimit":50,"NanoCpus":2000000000}})"), spec);
  EXPECT_TRUE(all.memory && all.processes && all.cpus);
  const LimitsInForce none =
      LimitsOf(Parsed(R"({"HostConfig":{"Memory":0,"PidsLimit":-1,"NanoCpus":null}})"), spec);
  EXPECT_FALSE(none.memory || none.processes || none.cpus);
  const LimitsInForce looser =
      LimitsOf(Parsed(R"({"HostConfig":{"Memory":2000,"PidsLimit":2048}})"), spec);
  EXPECT_FALSE(looser.memory || looser.processes || looser.cpus);
  const LimitsInForce not_asked = LimitsOf({}, {});
  EXPECT_TRUE(not_asked.memory && not_asked.processes && not_asked.cpus);
}

TEST(ContainerFacts, PeakMemoryIsTheHighestThatIsTold) {
  EXPECT_EQ(PeakMemoryOf(Parsed(R"({"memory_stats":{"usage":5,"max_usage":9}})")), 9);
  EXPECT_EQ(PeakMemoryOf(Parsed(R"({"memory_stats":{"usage":5}})")), 5);
  EXPECT_FALSE(PeakMemoryOf(Parsed(R"({"memory_stats":{}})")).has_value());
  EXPECT_FALSE(PeakMemoryOf({}).has_value());
}

}  // namespace
}  // namespace vlmhb::docker
