#include "millstream/format/json/infer.h"

#include <algorithm>
#include <cmath>

#include <arrow/type.h>

#include "millstream/format/json/column_factories.h"
#include "millstream/format/json/scalars.h"
#include "millstream/format/json/time_text.h"

namespace millstream::json_format {
namespace {

constexpr int kDeepestStruct = 16;  // deeper objects stay JSON text
constexpr uint64_t kExactInDouble = uint64_t{1} << 53;
constexpr int64_t kSecond = 1'000'000'000;
constexpr double kEarliestEpoch = 31'536'000;  // seconds: pandas takes smaller numbers for no times
constexpr double kLatestNanoseconds = 9.223372036854775e18;
constexpr int64_t kLatestSecondInNanoseconds = 9'223'372'035;

std::string KeyAt(const Block& block, uint32_t k) {
  const std::string_view raw = RawString(block, k);
  std::string key(raw.size(), '\0');
  key.resize(static_cast<size_t>(Unescape(raw, key.data()) - key.data()));
  return key;
}

std::string ZoneName(int offset_minutes) {
  if (offset_minutes == 0) return "UTC";
  const int minutes = std::abs(offset_minutes);
  char text[8];
  std::snprintf(text, sizeof(text), "%c%02d:%02d", offset_minutes < 0 ? '-' : '+', minutes / 60 % 24, minutes % 60);
  return text;
}

/// The columns that pandas turns into times by their names (keep_default_dates).
bool IsDateName(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name.ends_with("_at") || name.ends_with("_time") || name.starts_with("timestamp") || name == "modified" ||
         name == "date" || name == "datetime";
}

}  // namespace

void ValueProfile::AddNumber(const uint8_t* text) {
  Number number;
  ParseNumber(text, &number);
  const bool first = numbers_ + numeric_strings_ == 0;
  smallest_value_ = first ? number.value : std::min(smallest_value_, number.value);
  largest_value_ = first ? number.value : std::max(largest_value_, number.value);
  if (!number.is_integer) {
    ++fractions_;
  } else if (number.negative) {
    negative_ = true;
    largest_negative_ = std::max(largest_negative_, number.magnitude);
  } else {
    largest_ = std::max(largest_, number.magnitude);
  }
}

void ValueProfile::AddString(std::string_view raw) {
  Number number;
  const auto* begin = reinterpret_cast<const uint8_t*>(raw.data());
  const auto* end = begin + raw.size();
  // Exponents and integers of more than 64 bits are rather hashes and identifiers than numbers.
  const bool is_decimal = ParseNumber(begin, &number) == end && raw.find_first_of("eE") == std::string_view::npos &&
                          (number.is_integer || raw.find('.') != std::string_view::npos);
  if (is_decimal) {
    AddNumber(begin);
    ++numeric_strings_;
  } else if (const auto time = ParseIso8601(raw)) {
    if (time->has_offset) {
      offsets_differ_ |= iso_with_offset_ > 0 && time->offset_minutes != offset_minutes_;
      offset_minutes_ = time->offset_minutes;
      ++iso_with_offset_;
    }
    fraction_digits_ = std::max(fraction_digits_, time->fraction_digits);
    beyond_nanoseconds_ |= std::abs(time->seconds) > kLatestSecondInNanoseconds;
    ++iso_strings_;
  }
  ++strings_;
}

void ValueProfile::AddObject(const Block& block, uint32_t k, int depth) {
  ++objects_;
  if (depth > kDeepestStruct) {
    too_deep_ = true;
    return;
  }
  if (block.Byte(k + 1) == '}') return;
  std::map<std::string, uint32_t> last;  // of a repeated key the last value counts
  SyntaxError error;
  for (uint8_t byte = ','; byte == ',';) {
    std::string key = KeyAt(block, k + 1);
    if (!last.contains(key) && !children_.contains(key)) keys_.push_back(key);
    last[std::move(key)] = k + 3;
    k = SkipValue(block, k + 3, &error);
    byte = block.Byte(k);
  }
  for (const auto& [key, value] : last) {
    auto& child = children_[key];
    if (!child) child = std::make_unique<ValueProfile>();
    child->Add(block, value, depth + 1);
  }
}

void ValueProfile::AddList(const Block& block, uint32_t k, int depth) {
  ++lists_;
  if (!items_) items_ = std::make_unique<ValueProfile>();
  if (depth > kDeepestStruct) {
    too_deep_ = true;
    return;
  }
  SyntaxError error;
  WalkList(block, k, &error, [&](uint32_t value) { items_->Add(block, value, depth + 1); });
}

void ValueProfile::Add(const Block& block, uint32_t k, int depth) {
  const uint8_t* text = block.Pointer(k);
  switch (*text) {
    case 'n':
      ++nulls_;
      break;
    case 't':
    case 'f':
      ++bools_;
      break;
    case '"':
      AddString(RawString(block, k));
      break;
    case '{':
      AddObject(block, k, depth);
      break;
    case '[':
      AddList(block, k, depth);
      break;
    default:
      AddNumber(text);
      ++numbers_;
  }
  ++seen_;
}

std::shared_ptr<arrow::DataType> ValueProfile::NumberType(bool missing) const {
  constexpr uint64_t kMostSigned = INT64_MAX;
  if (fractions_ > 0) return arrow::float64();
  const uint64_t magnitude = std::max(largest_, largest_negative_);
  if (missing && magnitude <= kExactInDouble) return arrow::float64();
  if (largest_ <= kMostSigned && largest_negative_ <= kMostSigned + 1) return arrow::int64();
  return negative_ ? arrow::float64() : arrow::uint64();
}

std::shared_ptr<arrow::DataType> ValueProfile::NestedType() const {
  const int64_t count = values();
  if (count == 0 || too_deep_) return JsonType();
  if (bools_ == count) return arrow::boolean();
  if (strings_ == count) return arrow::utf8();
  if (numbers_ == count) {
    const auto type = NumberType(/*missing=*/false);
    return numeric_strings_ == 0 ? type : JsonType();
  }
  if (lists_ == count) {
    const auto items = items_->NestedType();
    return IsJsonType(*items) ? JsonType() : arrow::list(items);
  }
  if (objects_ != count || keys_.empty()) return JsonType();
  arrow::FieldVector fields;
  for (const std::string& key : keys_) {
    const ValueProfile& child = *children_.at(key);
    if (child.seen_ != objects_) return JsonType();
    fields.push_back(arrow::field(key, child.NestedType()));
  }
  return arrow::struct_(std::move(fields));
}

std::shared_ptr<arrow::DataType> ValueProfile::ColumnType(int64_t rows, bool infer_dtypes) const {
  const bool missing = nulls_ > 0 || seen_ < rows;
  if (values() == 0) return arrow::float64();  // nothing but missing values, as in pandas
  if (numbers_ == values()) return NumberType(missing);
  if (infer_dtypes && numbers_ + numeric_strings_ == values()) {
    // Identifiers in quotes keep all their digits.
    const bool loses = fractions_ == 0 && missing && std::max(largest_, largest_negative_) > kExactInDouble;
    if (!loses) return NumberType(missing);
  }
  return NestedType();
}

std::shared_ptr<arrow::DataType> ValueProfile::TimestampType(int64_t* unit) const {
  if (values() == 0) return nullptr;
  if (strings_ == values() && iso_strings_ == strings_) {
    if (iso_with_offset_ != 0 && iso_with_offset_ != strings_) return nullptr;
    if (fraction_digits_ > 6 && beyond_nanoseconds_) return nullptr;
    const auto precision = fraction_digits_ > 6 ? arrow::TimeUnit::NANO : arrow::TimeUnit::MICRO;
    if (iso_with_offset_ == 0) return arrow::timestamp(precision);
    return arrow::timestamp(precision, offsets_differ_ ? "UTC" : ZoneName(offset_minutes_));
  }
  if (numbers_ + numeric_strings_ != values()) return nullptr;
  const double scale = *unit > 0 ? static_cast<double>(kSecond / *unit) : 1;
  if (!(smallest_value_ > kEarliestEpoch * scale)) return nullptr;
  if (*unit == 0) {
    *unit = kSecond;
    while (*unit > 1 && largest_value_ * static_cast<double>(*unit) > kLatestNanoseconds) *unit /= 1000;
  }
  if (largest_value_ * static_cast<double>(*unit) > kLatestNanoseconds) return nullptr;
  return arrow::timestamp(*unit == 1 || fractions_ > 0 ? arrow::TimeUnit::NANO : arrow::TimeUnit::MICRO);
}

Status SchemaInference::Add(const uint8_t* text, int64_t size, Layout layout, const Place& place) {
  for (int64_t begin = 0; begin < size;) {
    ARROW_RETURN_NOT_OK(context_.CheckCancelled());
    int64_t end = size;
    if (layout == Layout::kLines) {
      end = static_cast<const uint8_t*>(std::memchr(text + begin, '\n', static_cast<size_t>(size - begin))) - text + 1;
    }
    auto block = indexer_.Index(text + begin, end - begin);
    if (!block.ok()) return WithPlace(block.status(), place.Describe(text, begin));
    SyntaxError error;
    if (block->count > 0 && !AddBlock(*block, layout, &error)) {
      const uint32_t at = block->at[std::min(error.ordinal, block->count)];
      return Status::Invalid(place.Describe(text, begin + at), ": ", error.message);
    }
    begin = end;
  }
  return Status::OK();
}

bool SchemaInference::AddBlock(const Block& block, Layout layout, SyntaxError* error) {
  const uint32_t next = CheckValue(block, 0, error);
  if (error->message == nullptr && next < block.count) *error = {"something stands behind the value", next};
  if (error->message) return false;
  const auto add = [&](uint32_t k) {
    if (block.Byte(k) == '{') {
      root_.Add(block, k, 0);
      ++records_;
    } else {
      *error = {"the record is not an object", k};
    }
  };
  if (layout == Layout::kLines) {
    add(0);
    if (block.Byte(0) == '[')
      error->message = "the line holds an array, not an object; a file that is one array is read with lines=False";
  } else if (block.Byte(0) != '[') {
    *error = {"a JSON array of records must begin with '['", 0};
  } else {
    SyntaxError unused;
    WalkList(block, 0, &unused, add);
  }
  return error->message == nullptr;
}

Result<std::shared_ptr<arrow::Schema>> SchemaInference::Finish(ReadOptions* options) const {
  std::vector<std::string> names = root_.keys();
  for (const auto& [name, type] : options->dtypes) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  if (options->columns) {
    for (const std::string& name : *options->columns) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        return Status::Invalid("option 'columns' of the json format: the sample has no column '", name, "'; it has ",
                               nlohmann::json(names).dump());
      }
    }
    names = *options->columns;
  }
  arrow::FieldVector fields;
  for (const std::string& name : names) {
    const bool sampled = root_.has_child(name);
    const auto given = options->dtypes.find(name);
    const bool may_be_date =
        options->infer_dtypes && (options->date_columns.contains(name) || (options->convert_default_dates && IsDateName(name)));
    std::shared_ptr<arrow::DataType> type;
    int64_t unit = options->date_unit;
    if (sampled && (may_be_date || given != options->dtypes.end())) type = root_.child(name).TimestampType(&unit);
    if (given != options->dtypes.end()) type = given->second;
    if (!type) type = root_.child(name).ColumnType(records_, options->infer_dtypes);
    if (type->id() == arrow::Type::TIMESTAMP && unit > 0) options->epoch_units[name] = unit;
    fields.push_back(arrow::field(name, type));
  }
  return arrow::schema(std::move(fields));
}

}  // namespace millstream::json_format
