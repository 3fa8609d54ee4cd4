// What the families share: types as a function sees them, casts prepared when bound, error messages.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "millstream/function/scalar_function.h"

namespace millstream::scalar {

using arrow::Datum;
using arrow::compute::ExecContext;
using DataTypePtr = std::shared_ptr<arrow::DataType>;
using Arguments = std::vector<ArgumentInfo>;

/// The type under extensions (arrow.json is text) and dictionaries (a category is its values).
DataTypePtr PlainType(const DataTypePtr& type);
/// The value likewise: extension arrays become their storage, dictionary arrays are decoded.
Result<Datum> ToPlain(const Datum& value, ExecContext* context);

bool IsText(const arrow::DataType& plain);
bool IsNumber(const arrow::DataType& plain);    ///< integers and floats
bool IsTemporal(const arrow::DataType& plain);  ///< dates, times, timestamps, durations

/// The type that holds the timestamps, the durations or the times of day of both: that of the finer unit, in the zone of `a`.
/// nullptr where one of them is none of these, the two are not of one kind, or only one has a zone.
DataTypePtr CommonTimes(const arrow::DataType& a, const arrow::DataType& b);

/// Cast without range checks, as numpy's astype: for promotions that were decided when the function was bound. Times that have
/// no room in a finer unit are Invalid all the same.
Result<Datum> CastUnchecked(const Datum& value, const DataTypePtr& type, ExecContext* context);

/// The type numpy computes in for two numeric or boolean types; int64 and float64 literals are weak: they take the type of
/// the column they meet if their kind allows (int8 + 1 is int8, int8 + 1.5 is float64, float32 + 1.5 is float32).
Result<DataTypePtr> PromoteNumbers(const Arguments& arguments);

/// Brings each argument to the type wanted; literals once, when bound.
class ArgumentCasts {
 public:
  static Result<ArgumentCasts> Make(const Arguments& arguments, std::vector<DataTypePtr> types);
  Result<std::vector<Datum>> Apply(const std::vector<Datum>& values, ExecContext* context) const;

 private:
  std::vector<DataTypePtr> types_;
  std::vector<std::shared_ptr<arrow::Scalar>> literals_;
};

/// An integer as a decimal of as many digits as it has.
Result<std::shared_ptr<arrow::Scalar>> DecimalOf(const arrow::Scalar& integer);

/// The type that Arrow's kernel `function` gives; TypeError where it has none for these types.
Result<DataTypePtr> KernelType(const std::string& function, const std::vector<DataTypePtr>& types,
                               const arrow::compute::FunctionOptions* options = nullptr);

/// TypeError: "<function> does not take (int64, string); it takes <takes>".
Status DoesNotTake(const std::string& function, const Arguments& arguments, const std::string& takes);

/// Invalid naming the option that is not among `known` (options may be null).
Status CheckOptions(const nlohmann::json& options, const std::vector<const char*>& known);
/// An option of the kind wanted, `fallback` where it is not given or null; Invalid where it is something else.
Result<std::string> TextOption(const nlohmann::json& options, const char* key, const std::string& fallback);
Result<bool> BoolOption(const nlohmann::json& options, const char* key, bool fallback);
Result<int64_t> IntOption(const nlohmann::json& options, const char* key, int64_t fallback);

}  // namespace millstream::scalar
