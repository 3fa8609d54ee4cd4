// str_*: pandas' string methods; options carry pandas' parameter names. Missing stays missing, tests give `na` (false) for it.
#include <limits>
#include <utility>

#include <arrow/array/array_dict.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/api_vector.h>
#include <arrow/type.h>

#include "millstream/function/missing.h"
#include "millstream/function/scalar/families.h"
#include "millstream/function/scalar/string_support.h"
#include "millstream/function/scalar/support.h"
#include "millstream/function/scalar/text.h"

namespace millstream {
namespace scalar {
namespace {

using arrow::Type;
namespace pc = arrow::compute;

constexpr std::pair<const char*, const char*> kPlainKernels[] = {
    {"str_lower", "utf8_lower"},           {"str_upper", "utf8_upper"},       {"str_title", "utf8_title"},
    {"str_capitalize", "utf8_capitalize"}, {"str_swapcase", "utf8_swapcase"}, {"str_reverse", "utf8_reverse"}};

constexpr std::pair<const char*, const char*> kTests[] = {
    {"str_isalnum", "utf8_is_alnum"},     {"str_isalpha", "utf8_is_alpha"},     {"str_isdigit", "utf8_is_digit"},
    {"str_isdecimal", "utf8_is_decimal"}, {"str_isnumeric", "utf8_is_numeric"}, {"str_isspace", "utf8_is_space"},
    {"str_islower", "utf8_is_lower"},     {"str_isupper", "utf8_is_upper"},     {"str_istitle", "utf8_is_title"}};

TextRun PlainKernel(std::string kernel) {
  return [kernel = std::move(kernel)](const Datum& text, ExecContext* context) {
    return pc::CallFunction(kernel, {text}, context);
  };
}

/// A function of one text column: `make(options)` checks the options and gives what runs.
ScalarFunction OfText(const std::string& name, std::initializer_list<const char*> known, DataTypePtr type,
                      std::function<Result<TextRun>(const nlohmann::json&)> make) {
  std::vector<const char*> names(known);
  auto bind = [=](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, names));
    ARROW_RETURN_NOT_OK(CheckText(name, arguments));
    ARROW_ASSIGN_OR_RAISE(auto run, make(options));
    return BindText(type, std::move(run));
  };
  return {name, 1, 1, bind};
}

/// The same for a test: a boolean, option "na" where the text is missing.
ScalarFunction TestOfText(const std::string& name, std::initializer_list<const char*> known,
                          std::function<Result<TextRun>(const nlohmann::json&)> make) {
  std::vector<const char*> names(known);
  names.push_back("na");
  auto bind = [=](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, names));
    ARROW_RETURN_NOT_OK(CheckText(name, arguments));
    ARROW_ASSIGN_OR_RAISE(auto test, make(options));
    ARROW_ASSIGN_OR_RAISE(const bool na, BoolOption(options, "na", false));
    ARROW_ASSIGN_OR_RAISE(auto bound, BindText(arrow::boolean(), std::move(test)));
    auto run = [inner = std::move(bound.run), na](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
      ARROW_ASSIGN_OR_RAISE(Datum result, inner(values, context));
      return ReplaceMissing(result, na, context);
    };
    return BoundFunction{arrow::boolean(), std::move(run)};
  };
  return {name, 1, 1, bind};
}

Result<TextRun> MakeLength(const nlohmann::json&) {
  return TextRun([](const Datum& text, ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(Datum length, pc::CallFunction("utf8_length", {text}, context));
    return CastUnchecked(length, arrow::int64(), context);
  });
}

std::function<Result<TextRun>(const nlohmann::json&)> MakeStrip(const std::string& trim) {
  return [trim](const nlohmann::json& options) -> Result<TextRun> {
    if (!HasOption(options, "to_strip")) return PlainKernel(trim + "_whitespace");
    ARROW_ASSIGN_OR_RAISE(const std::string characters, TextOption(options, "to_strip", ""));
    return Kernel(trim, pc::TrimOptions(characters));
  };
}

std::function<Result<TextRun>(const nlohmann::json&)> MakeEnds(const std::string& kernel) {
  return [kernel](const nlohmann::json& options) -> Result<TextRun> {
    ARROW_ASSIGN_OR_RAISE(const auto patterns, TextsOption(options, "pat"));
    return TextRun([kernel, patterns](const Datum& text, ExecContext* context) -> Result<Datum> {
      Datum any;
      for (const auto& pattern : patterns) {
        const pc::MatchSubstringOptions match(pattern);
        ARROW_ASSIGN_OR_RAISE(Datum found, pc::CallFunction(kernel, {text}, &match, context));
        if (any.kind() == Datum::NONE) {
          any = std::move(found);
        } else {
          ARROW_ASSIGN_OR_RAISE(any, pc::Or(any, found, context));
        }
      }
      return any;
    });
  };
}

// Start, stop and step as Python's slices have them.
Result<TextRun> MakeSlice(const nlohmann::json& options) {
  ARROW_ASSIGN_OR_RAISE(const int64_t step, IntOption(options, "step", 1));
  if (step == 0) return Status::Invalid("option 'step' of str_slice must not be 0");
  constexpr int64_t kFar = std::numeric_limits<int64_t>::max();
  ARROW_ASSIGN_OR_RAISE(const int64_t start, IntOption(options, "start", step > 0 ? 0 : kFar));
  ARROW_ASSIGN_OR_RAISE(const int64_t stop, IntOption(options, "stop", step > 0 ? kFar : -kFar));
  return Kernel("utf8_slice_codeunits", pc::SliceOptions(start, stop, step));
}

// Character i, from the end where negative; missing where the text is shorter.
Result<TextRun> MakeGet(const nlohmann::json& options) {
  ARROW_ASSIGN_OR_RAISE(const int64_t index, IntOption(options, "i", 0));
  constexpr int64_t kFar = std::numeric_limits<int64_t>::max();
  const pc::SliceOptions slice(index, index == -1 || index == kFar ? kFar : index + 1);
  return TextRun([slice](const Datum& text, ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(Datum character, pc::CallFunction("utf8_slice_codeunits", {text}, &slice, context));
    ARROW_ASSIGN_OR_RAISE(Datum empty, pc::CallFunction("equal", {character, Datum("")}, context));
    return pc::IfElse(empty, Datum(arrow::MakeNullScalar(arrow::utf8())), character, context);
  });
}

// Python's str.center: where the two sides cannot be equal, the left one is longer if the width is odd.
TextRun CenterText(int64_t width, const std::string& fill) {
  return [width, fill](const Datum& value, ExecContext* context) {
    const arrow::StringArray text(value.array());
    auto padding = [&](int64_t i) { return std::max<int64_t>(width - CountCharacters(text.GetView(i)), 0); };
    auto length = [&](int64_t i) { return text.value_length(i) + padding(i) * static_cast<int64_t>(fill.size()); };
    return WriteSizedText(text, context, length, [&](int64_t i, auto append) {
      const int64_t total = padding(i), left = total / 2 + (total & width & 1);
      for (int64_t k = 0; k < left; ++k) append(fill);
      append(text.GetView(i));
      for (int64_t k = left; k < total; ++k) append(fill);
    });
  };
}

Result<TextRun> MakePad(const nlohmann::json& options) {
  ARROW_ASSIGN_OR_RAISE(const int64_t width, IntOption(options, "width", 0));
  if (width > arrow::kBinaryMemoryLimit) return Status::Invalid("option 'width' of str_pad is too large: ", width);
  ARROW_ASSIGN_OR_RAISE(const std::string side, TextOption(options, "side", "left"));
  ARROW_ASSIGN_OR_RAISE(const std::string fill, TextOption(options, "fillchar", " "));
  if (CountCharacters(fill) != 1)
    return Status::TypeError("option 'fillchar' of str_pad must be one character, not '", fill, "'");
  const pc::PadOptions pad(width, fill);
  if (side == "left") return Kernel("utf8_lpad", pad);
  if (side == "right") return Kernel("utf8_rpad", pad);
  if (side == "both") return CenterText(width, fill);
  return Status::Invalid("option 'side' of str_pad must be 'left', 'right' or 'both', not '", side, "'");
}

Result<TextRun> MakeZfill(const nlohmann::json& options) {
  ARROW_ASSIGN_OR_RAISE(const int64_t width, IntOption(options, "width", 0));
  return Kernel("utf8_zero_fill", pc::ZeroFillOptions(width, "0"));
}

Result<TextRun> MakeRepeat(const nlohmann::json& options) {
  ARROW_ASSIGN_OR_RAISE(const int64_t repeats, IntOption(options, "repeats", 1));
  const Datum count(std::make_shared<arrow::Int64Scalar>(std::max<int64_t>(repeats, 0)));
  return TextRun([count](const Datum& text, ExecContext* context) {
    return pc::CallFunction("binary_repeat", {text, count}, context);
  });
}

// The position of the first (last) `sub` in characters, -1 where there is none.
std::function<Result<TextRun>(const nlohmann::json&)> MakeFind(bool last) {
  return [last](const nlohmann::json& options) -> Result<TextRun> {
    ARROW_ASSIGN_OR_RAISE(const std::string sub, TextOption(options, "sub", ""));
    return TextRun([sub, last](const Datum& value, ExecContext* context) {
      const arrow::StringArray text(value.array());
      auto read = [&](std::string_view view, int64_t* position) {
        const size_t at = last ? view.rfind(sub) : view.find(sub);
        *position = at == std::string_view::npos ? -1 : CountCharacters(view.substr(0, at));
        return true;
      };
      return ReadText<arrow::Int64Type>(text, arrow::int64(), true, context, read,
                                        [](std::string_view) { return Status::OK(); });
    });
  };
}

std::function<Result<TextRun>(const nlohmann::json&)> MakeRemoveAffix(bool prefix) {
  return [prefix](const nlohmann::json& options) -> Result<TextRun> {
    ARROW_ASSIGN_OR_RAISE(const std::string affix, TextOption(options, prefix ? "prefix" : "suffix", ""));
    return TextRun([affix, prefix](const Datum& value, ExecContext* context) {
      const arrow::StringArray text(value.array());
      return WriteText(text, context, [&](int64_t i, std::string* out) {
        std::string_view view = text.GetView(i);
        if (prefix && view.starts_with(affix)) view.remove_prefix(affix.size());
        if (!prefix && view.ends_with(affix)) view.remove_suffix(affix.size());
        *out = view;
      });
    });
  };
}

// str_cat(a, b, ..., sep=, na_rep=): missing where any part is, unless na_rep stands for it.
Result<BoundFunction> BindCat(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {"sep", "na_rep"}));
  for (const auto& argument : arguments) ARROW_RETURN_NOT_OK(CheckText("str_cat", {argument}));
  ARROW_ASSIGN_OR_RAISE(const std::string separator, TextOption(options, "sep", ""));
  ARROW_ASSIGN_OR_RAISE(const std::string replacement, TextOption(options, "na_rep", ""));
  const pc::JoinOptions join = HasOption(options, "na_rep") ? pc::JoinOptions(pc::JoinOptions::REPLACE, replacement)
                                                            : pc::JoinOptions(pc::JoinOptions::EMIT_NULL);
  ARROW_ASSIGN_OR_RAISE(auto casts, ArgumentCasts::Make(arguments, std::vector<DataTypePtr>(arguments.size(), arrow::utf8())));
  auto run = [casts = std::move(casts), join, separator](const std::vector<Datum>& values,
                                                         ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(auto parts, casts.Apply(values, context));
    parts.emplace_back(arrow::MakeScalar(separator));
    return pc::CallFunction("binary_join_element_wise", parts, &join, context);
  };
  return BoundFunction{arrow::utf8(), std::move(run)};
}

// str_join(list of strings, sep=).
Result<BoundFunction> BindJoin(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {"sep"}));
  ARROW_ASSIGN_OR_RAISE(const std::string separator, TextOption(options, "sep", ""));
  const auto list = arrow::list(arrow::utf8());
  if (!arguments[0].type->Equals(*list)) return DoesNotTake("str_join", arguments, "lists of strings");
  auto run = [separator](const std::vector<Datum>& values, ExecContext* context) {
    return pc::CallFunction("binary_join", {values[0], Datum(arrow::MakeScalar(separator))}, context);
  };
  return BoundFunction{arrow::utf8(), std::move(run)};
}

}  // namespace
}  // namespace scalar

void AddStringFunctions(ScalarFunctionRegistry* registry) {
  using namespace scalar;  // NOLINT(google-build-using-namespace)
  const auto text = arrow::utf8();
  const auto make = [](const char* kernel) {
    return [kernel](const nlohmann::json&) -> Result<TextRun> { return PlainKernel(kernel); };
  };
  for (const auto& [name, kernel] : kPlainKernels) registry->Add(OfText(name, {}, text, make(kernel)));
  for (const auto& [name, kernel] : kTests) registry->Add(TestOfText(name, {}, make(kernel)));
  registry->Add(OfText("str_len", {}, arrow::int64(), MakeLength));
  registry->Add(OfText("str_strip", {"to_strip"}, text, MakeStrip("utf8_trim")));
  registry->Add(OfText("str_lstrip", {"to_strip"}, text, MakeStrip("utf8_ltrim")));
  registry->Add(OfText("str_rstrip", {"to_strip"}, text, MakeStrip("utf8_rtrim")));
  registry->Add(TestOfText("str_startswith", {"pat"}, MakeEnds("starts_with")));
  registry->Add(TestOfText("str_endswith", {"pat"}, MakeEnds("ends_with")));
  registry->Add(OfText("str_slice", {"start", "stop", "step"}, text, MakeSlice));
  registry->Add(OfText("str_get", {"i"}, text, MakeGet));
  registry->Add(OfText("str_pad", {"width", "side", "fillchar"}, text, MakePad));
  registry->Add(OfText("str_zfill", {"width"}, text, MakeZfill));
  registry->Add(OfText("str_repeat", {"repeats"}, text, MakeRepeat));
  registry->Add(OfText("str_find", {"sub"}, arrow::int64(), MakeFind(false)));
  registry->Add(OfText("str_rfind", {"sub"}, arrow::int64(), MakeFind(true)));
  registry->Add(OfText("str_removeprefix", {"prefix"}, text, MakeRemoveAffix(true)));
  registry->Add(OfText("str_removesuffix", {"suffix"}, text, MakeRemoveAffix(false)));
  registry->Add({"str_cat", 1, -1, BindCat});
  registry->Add({"str_join", 1, 1, BindJoin});
}

}  // namespace millstream
