#include "millstream/exec/group_by.h"

#include <cmath>
#include <thread>

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "millstream/testing/arrow_json.h"

namespace millstream {
namespace {

using nlohmann::json;
using namespace nlohmann::literals;  // NOLINT
using millstream::testing::BatchFromJson;
using millstream::testing::RowsAsJson;

/// Groups `batches` (all of partition 0) and gives the result as JSON rows.
Result<json> Group(const std::shared_ptr<arrow::Schema>& schema, const std::vector<json>& batches, GroupBy::Options options,
                   TaskContext context = UnlimitedContext(), int threads = 1) {
  ARROW_ASSIGN_OR_RAISE(auto group_by, GroupBy::Make(schema, options, context, threads));
  for (size_t i = 0; i < batches.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto batch, BatchFromJson(schema, batches[i]));
    ARROW_RETURN_NOT_OK(group_by->Consume(static_cast<int>(i) % threads, *batch, 0, static_cast<int64_t>(i)));
  }
  json rows = json::array();
  ARROW_ASSIGN_OR_RAISE(auto expected, GroupBy::OutputSchema(*schema, options));
  ARROW_RETURN_NOT_OK(group_by->Finish([&](const std::shared_ptr<arrow::RecordBatch>& batch) -> Status {
    if (!batch->schema()->Equals(*expected)) return Status::Invalid("schema is not what OutputSchema says");
    if (batch->num_rows() > context.batch_rows) return Status::Invalid("a batch is too large");
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    for (auto& row : RowsAsJson(*batch)) rows.push_back(std::move(row));
    return Status::OK();
  }));
  return rows;
}

AggregateSpec Spec(const std::string& function, int input, json options = nullptr) {
  return {function, input, std::move(options), function};
}

/// The ways a result must not depend on.
class GroupByWays : public ::testing::TestWithParam<std::tuple<int64_t, bool, int>> {
 protected:
  GroupByWays() : context_(UnlimitedContext()) {
    context_.batch_rows = std::get<0>(GetParam());
    context_.force_spill = std::get<1>(GetParam());
    context_.temp_dir = ::testing::TempDir();
  }
  json MustGroup(const std::shared_ptr<arrow::Schema>& schema, const std::vector<json>& batches, GroupBy::Options options) {
    auto rows = Group(schema, batches, std::move(options), context_, std::get<2>(GetParam()));
    EXPECT_TRUE(rows.ok()) << rows.status();
    return rows.ok() ? *rows : json();
  }
  TaskContext context_;
};

INSTANTIATE_TEST_SUITE_P(All, GroupByWays,
                         ::testing::Combine(::testing::Values(2, 1024), ::testing::Bool(), ::testing::Values(1, 2)));

// df.groupby("k").v.agg([...]) of pandas 3.0, values computed by hand.
TEST_P(GroupByWays, AggregatesNumbersByText) {
  const auto schema = arrow::schema({arrow::field("k", arrow::utf8()), arrow::field("v", arrow::int64())});
  const std::vector<json> batches = {R"([["b", 1], ["a", 10], ["b", null]])"_json,
                                     R"([["a", 20], [null, 5], ["a", 60], ["b", 4]])"_json};
  const std::vector<AggregateSpec> specs = {Spec("sum", 1),   Spec("mean", 1), Spec("count", 1), Spec("size", -1),
                                            Spec("min", 1),   Spec("max", 1),  Spec("var", 1),   Spec("nunique", 1),
                                            Spec("first", 1), Spec("last", 1), Spec("prod", 1)};
  EXPECT_EQ(MustGroup(schema, batches, {{0}, specs, true, true}),
            json::parse(R"([["a", 90, 30.0, 3, 3, 10, 60, 700.0, 3, 10, 60, 12000],
                            ["b", 5, 2.5, 2, 3, 1, 4, 4.5, 2, 1, 4, 4]])"));
  EXPECT_EQ(MustGroup(schema, batches, {{0}, {Spec("sum", 1)}, true, false}),
            json::parse(R"([["a", 90], ["b", 5], [null, 5]])"));
}

TEST_P(GroupByWays, ReducesAWholeFrame) {
  const auto schema = arrow::schema({arrow::field("v", arrow::float64()), arrow::field("s", arrow::utf8())});
  const std::vector<AggregateSpec> specs = {Spec("sum", 0), Spec("mean", 0), Spec("count", 0),   Spec("size", -1),
                                            Spec("min", 1), Spec("std", 0),  Spec("nunique", 1), Spec("any", 0)};
  EXPECT_EQ(MustGroup(schema, {R"([[1.5, "y"], [null, "x"]])"_json, R"([[3.5, "y"]])"_json}, {{}, specs, true, true}),
            json::parse(R"([[5.0, 2.5, 2, 3, "x", 1.4142135623730951, 2, true]])"));
  EXPECT_EQ(MustGroup(schema, {}, {{}, specs, true, true}), json::parse(R"([[0.0, null, 0, 0, null, null, 0, false]])"));
}

TEST_P(GroupByWays, CountsNestedValues) {
  const auto item = arrow::struct_({arrow::field("x", arrow::int64())});
  const auto schema = arrow::schema(
      {arrow::field("k", arrow::utf8()), arrow::field("s", item), arrow::field("l", arrow::list(arrow::int64()))});
  const std::vector<json> batches = {R"([["a", {"x": 1}, [1]], ["a", null, []], ["b", {"x": null}, null]])"_json,
                                     R"([["b", null, null], ["a", {"x": 2}, null]])"_json};
  const std::vector<AggregateSpec> counts = {Spec("count", 1), {"count", 2, nullptr, "of lists"}};
  EXPECT_EQ(MustGroup(schema, batches, {{0}, counts, true, true}), json::parse(R"([["a", 2, 2], ["b", 1, 0]])"));
  EXPECT_EQ(MustGroup(schema, batches, {{}, counts, true, true}), json::parse("[[3, 2]]"));
  for (const char* function : {"sum", "min", "nunique", "first", "any", "std"}) {
    const auto refused = GroupBy::Make(schema, {{0}, {Spec(function, 1)}, true, true}, context_, 1);
    EXPECT_TRUE(refused.status().IsTypeError()) << function << refused.status();
  }
  EXPECT_TRUE(GroupBy::Make(schema, {{1}, {Spec("count", 0)}, true, true}, context_, 1).status().IsTypeError());
}

TEST_P(GroupByWays, HasNoGroupsWithoutRows) {
  const auto schema = arrow::schema({arrow::field("k", arrow::int32()), arrow::field("v", arrow::float64())});
  EXPECT_EQ(MustGroup(schema, {}, {{0}, {Spec("sum", 1)}, true, true}), json::array());
}

TEST_P(GroupByWays, TakesNaNAndNullForOneMissingKeyAndZerosForEqual) {
  const auto schema = arrow::schema({arrow::field("k", arrow::float64()), arrow::field("v", arrow::int64())});
  const std::vector<json> batches = {R"([[-0.0, 1], [0.0, 2], ["NaN", 4], [null, 8], [-1.5, 16]])"_json};
  EXPECT_EQ(MustGroup(schema, batches, {{0}, {Spec("sum", 1)}, true, false}),
            json::parse("[[-1.5, 16], [0.0, 3], [null, 12]]"));
  EXPECT_EQ(MustGroup(schema, batches, {{0}, {Spec("sum", 1)}, true, true}), json::parse("[[-1.5, 16], [0.0, 3]]"));
}

TEST_P(GroupByWays, GroupsByManyKeysOfManyTypes) {
  const auto schema = arrow::schema({arrow::field("a", arrow::int8()), arrow::field("b", arrow::utf8()),
                                     arrow::field("c", arrow::boolean()), arrow::field("d", arrow::float32()),
                                     arrow::field("e", arrow::large_utf8()), arrow::field("v", arrow::int32())});
  const std::vector<json> batches = {
      R"([[1, "a string that is long", true, 0.5, "x", 1], [-1, "s", false, 0.5, "x", 2]])"_json,
      R"([[1, "a string that is long", true, 0.5, "x", 4], [1, "a string that is lonG", true, 0.5, "x", 8],
          [null, "s", false, 0.5, "x", 16]])"_json};
  EXPECT_EQ(MustGroup(schema, batches, {{0, 1, 2, 3, 4}, {Spec("sum", 5)}, true, false}),
            json::parse(R"([[-1, "s", false, 0.5, "x", 2], [1, "a string that is lonG", true, 0.5, "x", 8],
                            [1, "a string that is long", true, 0.5, "x", 5], [null, "s", false, 0.5, "x", 16]])"));
}

TEST_P(GroupByWays, FindsFirstAndLastByPositionNotByArrival) {
  const auto schema = arrow::schema({arrow::field("k", arrow::int64()), arrow::field("s", arrow::utf8())});
  auto group_by = *GroupBy::Make(schema, {{0}, {Spec("first", 1), Spec("last", 1)}, true, true}, context_, 2);
  const auto consume = [&](int thread, int64_t partition, int64_t sequence, const json& rows) {
    ASSERT_TRUE(group_by->Consume(thread, **BatchFromJson(schema, rows), partition, sequence).ok());
  };
  consume(1, 1, 0, R"([[1, "late, and longer than twelve"], [1, null]])"_json);
  consume(0, 0, 1, R"([[1, "b"], [2, "only"]])"_json);
  consume(1, 0, 0, R"([[1, null], [1, "the very first of all"], [1, "a"]])"_json);
  json rows = json::array();
  ASSERT_TRUE(group_by
                  ->Finish([&](const std::shared_ptr<arrow::RecordBatch>& batch) {
                    for (auto& row : RowsAsJson(*batch)) rows.push_back(row);
                    return Status::OK();
                  })
                  .ok());
  EXPECT_EQ(rows, json::parse(R"([[1, "the very first of all", "late, and longer than twelve"], [2, "only", "only"]])"));
}

// Series.groupby(...).agg of pandas 3.0 gives these.
TEST_P(GroupByWays, FollowsPandasInTypesAndOptions) {
  const auto schema =
      arrow::schema({arrow::field("k", arrow::timestamp(arrow::TimeUnit::SECOND)), arrow::field("f", arrow::float64()),
                     arrow::field("u", arrow::uint8()), arrow::field("b", arrow::boolean())});
  const std::vector<json> batches = {R"([[1, 1e16, 200, true], [1, 1.0, 100, true], [1, 1.0, 1, false]])"_json};
  const std::vector<AggregateSpec> specs = {Spec("sum", 1), Spec("sum", 2),
                                            Spec("sum", 3), Spec("mean", 3),
                                            Spec("max", 3), Spec("all", 3),
                                            Spec("any", 3), Spec("sum", 2, {{"min_count", 4}}),
                                            Spec("min", 2), Spec("var", 2, {{"ddof", 3}})};
  EXPECT_EQ(
      MustGroup(schema, batches, {{0}, specs, true, true}),
      json::parse(
          R"([["1970-01-01 00:00:01", 1.0000000000000002e16, 301, 2, 0.6666666666666666, true, false, true, null, 1, null]])"));
  const auto output = *GroupBy::OutputSchema(*schema, {{0}, specs, true, true});
  EXPECT_TRUE(output->field(2)->type()->Equals(arrow::uint64()));
  EXPECT_TRUE(output->field(3)->type()->Equals(arrow::int64()));
  EXPECT_TRUE(output->field(9)->type()->Equals(arrow::uint8()));
}

TEST_P(GroupByWays, StaysExactWhereTheMeanIsLargeAndTheVarianceSmall) {
  const auto schema = arrow::schema({arrow::field("v", arrow::float64())});
  const std::vector<json> batches = {json::parse("[[1000000000000004], [1000000000000007]]"),
                                     json::parse("[[1000000000000013], [1000000000000016]]")};
  EXPECT_EQ(MustGroup(schema, batches, {{}, {Spec("var", 0)}, true, true}), json::parse("[[30.0]]"));
}

TEST_P(GroupByWays, GroupsByDictionaryCodesThatChangeFromBatchToBatch) {
  const auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  const auto schema = arrow::schema({arrow::field("k", type), arrow::field("v", arrow::int64())});
  const std::vector<json> batches = {R"([["x", 1], ["y", 2], [null, 4]])"_json, R"([["y", 8], ["x", 16], ["z", 32]])"_json};
  EXPECT_EQ(MustGroup(schema, batches, {{0}, {Spec("sum", 1)}, true, false}),
            json::parse(R"([["x", 17], ["y", 10], ["z", 32], [null, 4]])"));
  const auto output = *GroupBy::OutputSchema(*schema, {{0}, {}, true, true});
  EXPECT_TRUE(output->field(0)->type()->Equals(arrow::dictionary(arrow::int32(), arrow::utf8())));
}

TEST_P(GroupByWays, CountsDistinctValuesOfDictionaryKeys) {
  // Key number k has 100 * (k + 1) values, and comes first where k is largest: codes in the order of the input, of the pairs
  // and of the groups all differ.
  const auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  const auto schema = arrow::schema({arrow::field("k", type), arrow::field("v", arrow::int64())});
  std::vector<json> batches;
  for (int64_t begin = 0; begin < 3000; begin += 1000) {
    json rows = json::array();
    for (int64_t i = begin; i < begin + 1000; ++i) {
      const int64_t k = 4 - (i + begin / 1000) % 5;
      rows.push_back({"key " + std::to_string(k), i / 5 * 7 % (100 * (k + 1))});
    }
    batches.push_back(std::move(rows));
  }
  EXPECT_EQ(MustGroup(schema, batches, {{0}, {Spec("nunique", 1), Spec("count", 1)}, true, true}),
            json::parse(R"([["key 0", 100, 600], ["key 1", 200, 600], ["key 2", 300, 600], ["key 3", 400, 600],
                            ["key 4", 500, 600]])"));
}

TEST(GroupBy, RefusesRowsThatItCannotNumber) {
  const auto schema = arrow::schema({arrow::field("k", arrow::int64())});
  const auto group_by = *GroupBy::Make(schema, {{0}, {Spec("first", 0)}, true, true}, UnlimitedContext(), 1);
  const auto rows = arrow::MakeArrayOfNull(arrow::int64(), GroupBy::kMaxBatchRows + 1).ValueOrDie();
  const auto batch = arrow::RecordBatch::Make(schema, rows->length(), {rows});
  for (const Status& status :
       {group_by->Consume(0, *batch, 3, 0), group_by->Consume(0, *batch->Slice(0, 1), 3, int64_t{1} << 62)}) {
    EXPECT_TRUE(status.IsNotImplemented()) << status;
    EXPECT_NE(status.message().find("partition 3"), std::string::npos) << status;
    EXPECT_NE(status.message().find("blocksize"), std::string::npos) << status;
  }
  EXPECT_TRUE(group_by->Consume(0, *batch->Slice(1), 0, 0).ok());
}

TEST(GroupBy, SaysWhatIsWrongWithItsOptions) {
  const auto schema = arrow::schema({arrow::field("k", arrow::list(arrow::int32())), arrow::field("s", arrow::utf8())});
  const auto error = [&](GroupBy::Options options) { return GroupBy::OutputSchema(*schema, options).status(); };
  EXPECT_TRUE(error({{0}, {}}).IsTypeError());
  EXPECT_NE(error({{0}, {}}).message().find("'k'"), std::string::npos);
  EXPECT_TRUE(error({{1}, {Spec("sum", 1)}}).IsTypeError());
  EXPECT_NE(error({{1}, {Spec("sum", 1)}}).message().find("sum of column 's'"), std::string::npos);
  EXPECT_TRUE(error({{1}, {Spec("summ", 1)}}).IsKeyError());
  EXPECT_TRUE(error({{7}, {}}).IsIndexError());
  EXPECT_TRUE(error({{1}, {Spec("sum", -1)}}).IsInvalid());
}

}  // namespace
}  // namespace millstream
