#include "millstream/function/scalar/string_support.h"

#include <utility>

#include <arrow/array/array_dict.h>
#include <arrow/compute/api_vector.h>
#include <arrow/type.h>

#include "millstream/function/scalar/kernels.h"

namespace millstream::scalar {
namespace {

Result<Datum> RunText(const Datum& value, const TextRun& run, ExecContext* context) {
  if (value.is_scalar()) {
    return RunScalarsAsArrays({value}, context,
                              [&](const std::vector<Datum>& arrays) { return RunText(arrays[0], run, context); });
  }
  if (value.type()->id() == arrow::Type::DICTIONARY) {
    const arrow::DictionaryArray array(value.array());
    if (array.dictionary()->length() <= array.length()) {
      ARROW_ASSIGN_OR_RAISE(Datum results, RunText(Datum(array.dictionary()), run, context));
      return arrow::compute::Take(results, Datum(array.indices()), arrow::compute::TakeOptions::NoBoundsCheck(), context);
    }
  }
  ARROW_ASSIGN_OR_RAISE(Datum text, CastUnchecked(value, arrow::utf8(), context));
  return run(text, context);
}

}  // namespace

Result<BoundFunction> BindText(const DataTypePtr& type, TextRun run) {
  // What is wrong with the options of a kernel, such as a broken regular expression, shows on any row.
  ExecContext context;
  ARROW_ASSIGN_OR_RAISE(auto row, arrow::MakeArrayFromScalar(arrow::StringScalar(""), 1));
  ARROW_RETURN_NOT_OK(run(Datum(row), &context));
  return BoundFunction{type, [run = std::move(run)](const std::vector<Datum>& values, ExecContext* exec) {
                         return RunText(values[0], run, exec);
                       }};
}

Status CheckText(const std::string& name, const Arguments& arguments) {
  if (IsText(*PlainType(arguments[0].type)) || arguments[0].type->id() == arrow::Type::NA) return Status::OK();
  return DoesNotTake(name, arguments, "strings; cast with astype(str) first");
}

bool HasOption(const nlohmann::json& options, const char* key) {
  return options.is_object() && options.contains(key) && !options[key].is_null();
}

Result<std::vector<std::string>> TextsOption(const nlohmann::json& options, const char* key) {
  if (HasOption(options, key) && options[key].is_array() && !options[key].empty()) {
    std::vector<std::string> texts;
    for (const auto& item : options[key]) {
      if (!item.is_string()) return Status::Invalid("option '", key, "' must be a string or a list of strings");
      texts.push_back(item.get<std::string>());
    }
    return texts;
  }
  ARROW_ASSIGN_OR_RAISE(auto text, RequiredText(options, key));
  return std::vector<std::string>{std::move(text)};
}

Result<std::string> RequiredText(const nlohmann::json& options, const char* key) {
  if (!HasOption(options, key)) return Status::Invalid("option '", key, "' must be given");
  return TextOption(options, key, "");
}

}  // namespace millstream::scalar
