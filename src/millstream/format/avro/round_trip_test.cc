// What is written is read back the same: random tables of random types, block sizes, codecs, splits and batch sizes.
#include <random>

#include <rapidcheck.h>

#include "millstream/format/avro/avro_testing.h"

namespace millstream::avro {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

/// Random columns of the Arrow types that Avro gives back as they were.
class RandomColumns {
 public:
  explicit RandomColumns(uint64_t seed) : random_(seed) {}

  int64_t Number(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }

  std::shared_ptr<arrow::DataType> Type(int depth) {
    using arrow::TimeUnit;
    const std::vector<std::shared_ptr<arrow::DataType>> leaves = {arrow::boolean(),
                                                                  arrow::int32(),
                                                                  arrow::int64(),
                                                                  arrow::float32(),
                                                                  arrow::float64(),
                                                                  arrow::utf8(),
                                                                  arrow::binary(),
                                                                  arrow::date32(),
                                                                  arrow::time32(TimeUnit::MILLI),
                                                                  arrow::time64(TimeUnit::MICRO),
                                                                  arrow::timestamp(TimeUnit::MILLI),
                                                                  arrow::timestamp(TimeUnit::MICRO, "UTC"),
                                                                  arrow::timestamp(TimeUnit::NANO),
                                                                  arrow::decimal128(20, 3),
                                                                  arrow::decimal256(60, 10),
                                                                  arrow::fixed_size_binary(5),
                                                                  arrow::null()};
    const int64_t pick = Number(0, static_cast<int64_t>(leaves.size()) + (depth > 0 ? 5 : -1));
    if (pick < static_cast<int64_t>(leaves.size())) return leaves[static_cast<size_t>(pick)];
    switch (pick % 3) {
      case 0:
        return arrow::list(Field("item", depth - 1));
      case 1:
        return std::make_shared<arrow::MapType>(arrow::utf8(), Field("value", depth - 1));
      default:
        return arrow::struct_({Field("a", depth - 1), Field("b", depth - 1)});
    }
  }

  std::shared_ptr<arrow::Field> Field(const std::string& name, int depth) {
    auto type = Type(depth);
    const bool nullable = type->id() == arrow::Type::NA || Number(0, 1) == 1;
    return arrow::field(name, std::move(type), nullable);
  }

  ArrayPtr Values(const arrow::Field& field, int64_t length) {
    if (field.type()->id() == arrow::Type::NA) return std::make_shared<arrow::NullArray>(length);
    auto builder = *arrow::MakeBuilder(field.type());
    for (int64_t i = 0; i < length; ++i) Append(*field.type(), field.nullable(), builder.get());
    return *builder->Finish();
  }

 private:
  std::string Text(int64_t most) {
    std::string text;
    for (int64_t size = Number(0, most); size > 0; --size)
      text += Number(0, 9) == 0 ? "\xc3\xa9" : std::string(1, 'a' + size % 26);
    return text;
  }

  /// Small and large numbers alike, so that all lengths of varints are met.
  int64_t Long() { return Number(INT64_MIN, INT64_MAX) >> Number(0, 63); }

  void Append(const arrow::DataType& type, bool nullable, arrow::ArrayBuilder* builder) {
    if (type.id() == arrow::Type::NA || (nullable && Number(0, 3) == 0)) return (void)builder->AppendNull();
    switch (type.id()) {
      case arrow::Type::LIST: {
        auto* list = static_cast<arrow::ListBuilder*>(builder);
        (void)list->Append();
        for (int64_t n = Number(0, 4); n > 0; --n) AppendField(*type.field(0), list->value_builder());
        return;
      }
      case arrow::Type::MAP: {
        auto* map = static_cast<arrow::MapBuilder*>(builder);
        (void)map->Append();
        for (int64_t n = Number(0, 3); n > 0; --n) {
          (void)static_cast<arrow::StringBuilder*>(map->key_builder())->Append(Text(5) + std::to_string(n));
          AppendField(*static_cast<const arrow::MapType&>(type).item_field(), map->item_builder());
        }
        return;
      }
      case arrow::Type::STRUCT: {
        (void)static_cast<arrow::StructBuilder*>(builder)->Append();
        for (int i = 0; i < type.num_fields(); ++i) AppendField(*type.field(i), builder->child(i));
        return;
      }
      default:
        (void)builder->AppendScalar(*Leaf(type));
    }
  }
  void AppendField(const arrow::Field& field, arrow::ArrayBuilder* builder) {
    Append(*field.type(), field.nullable(), builder);
  }

  std::shared_ptr<arrow::Scalar> Leaf(const arrow::DataType& type) {
    const auto shared = type.GetSharedPtr();
    switch (type.id()) {
      case arrow::Type::BOOL:
        return arrow::MakeScalar(Number(0, 1) == 1);
      case arrow::Type::FLOAT:
        return arrow::MakeScalar(static_cast<float>(Long()) / 7);
      case arrow::Type::DOUBLE:
        return arrow::MakeScalar(static_cast<double>(Long()) / 7);
      case arrow::Type::STRING:
        return arrow::MakeScalar(Text(40));
      case arrow::Type::BINARY:
        return std::make_shared<arrow::BinaryScalar>(arrow::Buffer::FromString(Text(40) + "\xff"));
      case arrow::Type::FIXED_SIZE_BINARY:
        return std::make_shared<arrow::FixedSizeBinaryScalar>(arrow::Buffer::FromString("ab\xff" + Text(0) + "cd"), shared);
      case arrow::Type::DECIMAL128:
        return std::make_shared<arrow::Decimal128Scalar>(arrow::Decimal128(Long()), shared);
      case arrow::Type::DECIMAL256:
        return std::make_shared<arrow::Decimal256Scalar>(arrow::Decimal256(Long()) * arrow::Decimal256(Long()), shared);
      case arrow::Type::INT32:
      case arrow::Type::DATE32:
        return *arrow::MakeScalar(shared, static_cast<int32_t>(Long() >> 32));
      case arrow::Type::TIME32:
        return *arrow::MakeScalar(shared, static_cast<int32_t>(Number(0, 86'399'999)));
      case arrow::Type::TIME64:
        return *arrow::MakeScalar(shared, Number(0, 86'399'999'999));
      default:
        return *arrow::MakeScalar(shared, Long());
    }
  }

  std::mt19937_64 random_;
};

TEST(RoundTrip, RandomTables) {
  const TempDir folder;
  const bool held = rc::check("what is written is read back", [&](uint64_t seed) {
    RandomColumns random(seed);
    arrow::FieldVector fields;
    const int64_t columns = random.Number(1, 6), rows = random.Number(0, 300);
    for (int64_t i = 0; i < columns; ++i) fields.push_back(random.Field("c" + std::to_string(i), 3));
    std::vector<ArrayPtr> arrays;
    for (const auto& field : fields) arrays.push_back(random.Values(*field, rows));
    // A slice has offsets, which encoders must heed.
    const auto table = arrow::Table::Make(arrow::schema(fields), arrays)->Slice(random.Number(0, std::min<int64_t>(rows, 9)));
    RC_ASSERT(table->ValidateFull().ok());

    nlohmann::json options = {{"codec", std::vector<const char*>{"null", "deflate", "snappy", "zstandard"}[seed % 4]},
                              {"sync_interval", std::vector<int>{1, 50, 1000, 1 << 18}[random.Number(0, 3)]}};
    const auto bytes = WriteBytes(*table, options);
    RC_ASSERT(bytes.ok());
    folder.Write("table.avro", *bytes);
    // A split for each byte only where the file is small: every split opens it.
    const std::vector<nlohmann::json> blocksizes = {1, 100, 10'000, nullptr};
    const int64_t smallest = bytes->size() < 1000 ? 0 : bytes->size() < 20'000 ? 1 : 2;
    ReadArguments arguments;
    arguments.options = {{"blocksize", blocksizes[static_cast<size_t>(random.Number(smallest, 3))]}};
    arguments.batch_rows = random.Number(0, 1) == 0 ? 2 : 32 * 1024;
    const auto read = ReadFiles({folder.File("table.avro")}, arguments);
    if (!read.ok()) RC_FAIL(read.status().ToString());
    if (!(*read)->schema()->Equals(*table->schema()))
      RC_FAIL((*read)->schema()->ToString() + "\n" + table->schema()->ToString());
    RC_ASSERT((*read)->Equals(*table, arrow::EqualOptions::Defaults().nans_equal(true)));
  });
  EXPECT_TRUE(held);
}

TEST(RoundTrip, ProjectionSkipsAllKindsOfFields) {
  const TempDir folder;
  const bool held = rc::check("each column alone equals the column of the whole", [&](uint64_t seed) {
    RandomColumns random(seed);
    arrow::FieldVector fields;
    for (int i = 0; i < 6; ++i) fields.push_back(random.Field("c" + std::to_string(i), 3));
    std::vector<ArrayPtr> arrays;
    for (const auto& field : fields) arrays.push_back(random.Values(*field, 50));
    const auto table = arrow::Table::Make(arrow::schema(fields), arrays);
    const auto bytes = WriteBytes(*table);
    RC_ASSERT(bytes.ok());
    folder.Write("table.avro", *bytes);
    ReadArguments arguments;
    arguments.columns = {"c" + std::to_string(random.Number(3, 5)), "c" + std::to_string(random.Number(0, 2))};
    const auto read = ReadFiles({folder.File("table.avro")}, arguments);
    RC_ASSERT(read.ok());
    for (const auto& name : *arguments.columns) {
      RC_ASSERT((*read)->GetColumnByName(name)->Equals(*table->GetColumnByName(name)));
    }
  });
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace millstream::avro
