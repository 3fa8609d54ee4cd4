// The files of apache/parquet-testing: each reads as Arrow's own reader reads it, or is an error that names it.
#include <set>

#include <arrow/array/concatenate.h>
#include <arrow/compute/api.h>

#include "millstream/format/parquet/conform.h"
#include "millstream/format/parquet/test_files.h"
#include "millstream/memory/budget_pool.h"

namespace millstream::parquet_format {
namespace {

/// One value of 1 GiB, twice: it has a test of its own.
constexpr const char* kHugeValue = "large_string_map.brotli.parquet";

const std::filesystem::path kFolder = std::filesystem::path(MILLSTREAM_TEST_DATA) / "parquet-testing";

std::vector<std::string> Files() {
  std::vector<std::string> files;
  if (!std::filesystem::exists(kFolder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kFolder)) {
    const std::string name = entry.path().filename().string();
    const bool is_parquet = name.ends_with(".parquet") || name.ends_with(".encrypted");
    if (is_parquet && name != kHugeValue) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// What Arrow's reader gives, with the types a frame has.
Result<std::shared_ptr<arrow::Table>> Expected(const std::string& path) {
  try {
    ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path));
    ARROW_ASSIGN_OR_RAISE(auto reader, ::parquet::arrow::OpenFile(file, arrow::default_memory_pool()));
    ARROW_ASSIGN_OR_RAISE(auto table, reader->ReadTable());
    ARROW_RETURN_NOT_OK(table->ValidateFull());
    ARROW_ASSIGN_OR_RAISE(table, table->CombineChunks());
    arrow::FieldVector fields;
    std::vector<std::shared_ptr<arrow::ChunkedArray>> columns;
    for (int i = 0; i < table->num_columns(); ++i) {
      const auto type = FrameType(table->column(i)->type());
      fields.push_back(table->field(i)->WithType(type));
      arrow::ArrayVector chunks;
      for (const auto& chunk : table->column(i)->chunks()) {
        ARROW_ASSIGN_OR_RAISE(auto conformed, Conform(chunk, type, arrow::default_memory_pool()));
        chunks.push_back(std::move(conformed));
      }
      columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(chunks), type));
    }
    return arrow::Table::Make(arrow::schema(fields), columns, table->num_rows());
  } catch (const std::exception& error) {
    return Status::IOError(error.what());
  }
}

TEST(PublicFiles, ReadAsArrowReadsThemOrFailByName) {
  const auto files = Files();
  if (files.empty()) GTEST_SKIP() << "skipped: " << kFolder << " is missing";
  std::set<std::string> failed;
  for (const std::string& path : files) {
    const auto expected = Expected(path);
    for (const int64_t batch_rows : {2, 1000}) {
      const auto read = ReadFiles({path}, {}, {}, nullptr, std::nullopt, SmallBatches(batch_rows));
      if (!expected.ok()) {
        failed.insert(std::filesystem::path(path).filename().string());
        ASSERT_FALSE(read.ok()) << path;
        EXPECT_NE(read.status().message().find(path), std::string::npos) << read.status();
        continue;
      }
      ASSERT_TRUE(read.ok()) << path << ": " << read.status();
      ASSERT_EQ((*read)->num_rows(), (*expected)->num_rows()) << path;
      ASSERT_EQ((*read)->num_columns(), (*expected)->num_columns()) << path;
      for (int i = 0; i < (*read)->num_columns(); ++i) {
        EXPECT_TRUE((*read)->column(i)->Equals(*(*expected)->column(i), arrow::EqualOptions().nans_equal(true)))
            << path << " column " << i << ": " << (*read)->column(i)->ToString() << " for "
            << (*expected)->column(i)->ToString();
      }
    }
  }
  EXPECT_TRUE(failed.contains("encrypt_columns_and_footer.parquet.encrypted"));
  EXPECT_LT(failed.size(), files.size() / 3);
}

TEST(PublicFiles, FailByNameWhereAValueCannotFit) {
  if (Files().empty()) GTEST_SKIP() << "skipped: " << kFolder << " is missing";
  const auto budget = std::make_shared<MemoryBudget>(int64_t{64} << 20);
  BudgetPool pool(budget, 0);
  TaskContext context = UnlimitedContext();
  context.pool = &pool;
  context.budget = budget.get();
  const Status status = ReadFiles({(kFolder / kHugeValue).string()}, {}, {}, nullptr, std::nullopt, context).status();
  EXPECT_TRUE(status.IsOutOfMemory()) << status;
  EXPECT_NE(status.message().find(kHugeValue), std::string::npos) << status;
  EXPECT_LE(budget->peak(), int64_t{64} << 20);
}

TEST(PublicFiles, HaveTheValuesTheirNotesTell) {
  if (Files().empty()) GTEST_SKIP() << "skipped: " << kFolder << " is missing";
  const auto read = [](const std::string& name) { return ReadFiles({(kFolder / name).string()}).ValueOrDie(); };
  // int32_with_null_pages.md: 1000 rows, of which 275 are null, min -2136906554, max 2145722375.
  const auto nulls = read("int32_with_null_pages.parquet");
  EXPECT_EQ(nulls->num_rows(), 1000);
  EXPECT_EQ(nulls->column(0)->null_count(), 275);
  // delta_binary_packed.md: 66 columns of 200 rows; the first row of the CSV holds the names.
  EXPECT_EQ(read("delta_binary_packed.parquet")->num_rows(), 200);
  EXPECT_EQ(read("delta_binary_packed.parquet")->num_columns(), 66);
  // fixed_length_byte_array.md: 1000 rows, 105 of them null.
  EXPECT_EQ(read("fixed_length_byte_array.parquet")->column(0)->null_count(), 105);
}

TEST(PublicFiles, PruneNothingThatMatchesWhereStatisticsHoldNan) {
  if (Files().empty()) GTEST_SKIP() << "skipped: " << kFolder << " is missing";
  for (const char* name : {"nan_in_stats.parquet", "single_nan.parquet", "float16_nonzeros_and_nans.parquet",
                           "float16_zeros_and_nans.parquet", "floating_orders_nan_count.parquet"}) {
    const std::string path = (kFolder / name).string();
    const auto all = ReadFiles({path});
    ASSERT_TRUE(all.ok()) << all.status();
    for (const auto& field : (*all)->schema()->fields()) {
      if (!arrow::is_floating(field->type()->id())) continue;
      for (const char* function : {"eq", "ne", "lt", "le", "gt", "ge"}) {
        for (const double value : {-1.0, 0.0, 1.0, 1e300}) {
          const auto filter =
              Expression::Call(function, {Expression::Column(field->name()), Expression::Literal(arrow::MakeScalar(value))});
          const auto kept = ReadFiles({path}, {}, {}, filter).ValueOrDie();
          const auto matches = [&](const arrow::Table& table) -> int64_t {
            const std::string kernel = std::string(function) == "eq"   ? "equal"
                                       : std::string(function) == "ne" ? "not_equal"
                                       : std::string(function) == "lt" ? "less"
                                       : std::string(function) == "le" ? "less_equal"
                                       : std::string(function) == "gt" ? "greater"
                                                                       : "greater_equal";
            const auto column = arrow::compute::Cast(table.GetColumnByName(field->name()), arrow::float64()).ValueOrDie();
            const auto mask =
                arrow::compute::CallFunction(kernel, {column, arrow::Datum(arrow::MakeScalar(value))}).ValueOrDie();
            const auto count = arrow::compute::Sum(mask).ValueOrDie().scalar_as<arrow::UInt64Scalar>();
            return count.is_valid ? static_cast<int64_t>(count.value) : 0;
          };
          EXPECT_EQ(matches(*kept), matches(**all)) << name << " " << function << " " << value;
        }
      }
    }
  }
}

}  // namespace
}  // namespace millstream::parquet_format
