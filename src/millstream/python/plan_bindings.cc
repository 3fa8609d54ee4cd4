// Expressions and plans: what the Python API builds before anything runs.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/set.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "millstream/plan/nodes.h"
#include "millstream/plan/write_options.h"
#include "millstream/python/arrow_objects.h"
#include "millstream/python/bindings.h"
#include "millstream/python/user_functions.h"

namespace nb = nanobind;

namespace millstream::python {
namespace {

using OptionalText = std::optional<std::string>;

/// An expression as Python holds it.
struct ExprHandle {
  ExpressionPtr expression;
};

nlohmann::json ParseOptions(const OptionalText& text) {
  if (!text || text->empty()) return nullptr;
  nlohmann::json json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) ThrowIfError(Status::Invalid("options are not valid JSON"));
  return json;
}

nlohmann::json ObjectOptions(const OptionalText& text) {
  nlohmann::json json = ParseOptions(text);
  return json.is_null() ? nlohmann::json::object() : json;
}

std::vector<ExpressionPtr> Unwrap(const std::vector<ExprHandle>& handles) {
  std::vector<ExpressionPtr> expressions;
  for (const ExprHandle& handle : handles) expressions.push_back(handle.expression);
  return expressions;
}

PlanHandle Made(Result<PlanPtr> plan) { return {ValueOrThrow(std::move(plan))}; }

PlanHandle Scan(const std::string& format, const std::vector<std::string>& paths, const OptionalText& options,
                const OptionalText& storage) {
  const nlohmann::json parsed = ObjectOptions(options);
  const nlohmann::json storage_options = ObjectOptions(storage);
  auto engine = DefaultEngine();
  Result<PlanPtr> plan;
  {
    nb::gil_scoped_release unlocked;
    plan = MakeScan(format, paths, parsed, storage_options, engine->Context());
  }
  return Made(std::move(plan));
}

PlanHandle FromTables(const nb::list& tables) {
  std::vector<std::shared_ptr<arrow::Table>> partitions;
  for (nb::handle table : tables) partitions.push_back(ToTable(table));
  return Made(TableNode::Make(std::move(partitions)));
}

/// (output name, function, column or None for size, options or None)
using AggregateTuple = std::tuple<std::string, std::string, OptionalText, OptionalText>;

PlanHandle Aggregate(const PlanHandle& self, std::vector<std::string> keys, const std::vector<AggregateTuple>& aggregates,
                     bool sort, bool dropna, bool of_records) {
  AggregateNode::Arguments arguments{std::move(keys), {}, sort, dropna, of_records};
  for (const auto& [name, function, column, options] : aggregates) {
    arguments.aggregates.push_back({name, function, column.value_or(""), ParseOptions(options)});
  }
  return Made(AggregateNode::Make(self.plan, std::move(arguments)));
}

PlanHandle MapPartitions(const PlanHandle& self, nb::callable function, nb::object schema, std::string name) {
  return Made(MapPartitionsNode::Make(self.plan, {std::move(name), kPythonRuntime, PayloadOf(function), ToSchema(schema)}));
}

PlanHandle Write(const PlanHandle& self, const std::string& format, const std::string& path, const OptionalText& options,
                 const OptionalText& storage) {
  nlohmann::json merged = ObjectOptions(options);
  merged["storage_options"] = ObjectOptions(storage);
  return Made(WriteNode::Make(self.plan, ValueOrThrow(ParseWriteOptions(format, path, std::move(merged)))));
}

std::string Explain(const PlanHandle& self, bool optimized) {
  return PrintPlan(optimized ? *ValueOrThrow(OptimizePlan(self.plan)) : *self.plan);
}

PlanHandle FromJson(const std::string& text) {
  nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) ThrowIfError(Status::Invalid("a serialised plan must be JSON"));
  return Made(DeserializePlan(json));
}

std::vector<std::string> ColumnsOf(const ExprHandle& self) {
  std::set<std::string> names;
  CollectColumns(*self.expression, &names);
  return {names.begin(), names.end()};
}

void BindExpr(nb::module_& module) {
  nb::class_<ExprHandle>(module, "Expr")
      .def_static("column", [](std::string name) { return ExprHandle{Expression::Column(std::move(name))}; })
      .def_static("literal", [](nb::object scalar) { return ExprHandle{Expression::Literal(ToScalar(scalar))}; })
      .def_static(
          "call",
          [](std::string function, const std::vector<ExprHandle>& arguments, const OptionalText& options) {
            return ExprHandle{Expression::Call(std::move(function), Unwrap(arguments), ParseOptions(options))};
          },
          nb::arg("function"), nb::arg("arguments"), nb::arg("options_json") = nb::none())
      .def("columns", &ColumnsOf)
      .def("type",
           [](const ExprHandle& self, nb::object schema) {
             return FromType(ValueOrThrow(BoundExpression::Bind(self.expression, *ToSchema(schema)))->type());
           })
      .def("to_json", [](const ExprHandle& self) { return self.expression->ToJson().dump(); })
      .def("__str__", [](const ExprHandle& self) { return self.expression->ToString(); })
      .def("__repr__", [](const ExprHandle& self) { return self.expression->ToString(); });
}

/// Adds the URIs of the files that scans of `plan` read.
void CollectFiles(const PlanNode& plan, std::set<std::string>* files) {
  if (const auto* scan = dynamic_cast<const ScanNode*>(&plan)) {
    for (const Split& split : scan->arguments().inspection.splits) files->insert(split.file.uri);
  }
  for (const PlanPtr& child : plan.children()) CollectFiles(*child, files);
}

}  // namespace

void BindPlans(nb::module_& module) {
  BindExpr(module);
  nb::class_<PlanHandle>(module, "Plan")
      .def_prop_ro("schema", [](const PlanHandle& self) { return FromSchema(self.plan->schema()); })
      .def_prop_ro("npartitions", [](const PlanHandle& self) { return self.plan->npartitions(); })
      .def_prop_ro("files",
                   [](const PlanHandle& self) {
                     std::set<std::string> files;
                     CollectFiles(*self.plan, &files);
                     return files;
                   })
      .def_static("scan", &Scan, nb::arg("format"), nb::arg("paths"), nb::arg("options_json") = nb::none(),
                  nb::arg("storage_options_json") = nb::none())
      .def_static("from_tables", &FromTables, nb::arg("tables"))
      .def(
          "with_row_index",
          [](const PlanHandle& self, std::string name, std::vector<int64_t> first_rows) {
            return Made(RowIndexNode::Make(self.plan, std::move(name), std::move(first_rows)));
          },
          nb::arg("name"), nb::arg("first_rows") = std::vector<int64_t>())
      .def("filter", [](const PlanHandle& self,
                        const ExprHandle& predicate) { return Made(FilterNode::Make(self.plan, predicate.expression)); })
      .def("project",
           [](const PlanHandle& self, std::vector<std::string> names, const std::vector<ExprHandle>& expressions) {
             return Made(ProjectNode::Make(self.plan, std::move(names), Unwrap(expressions)));
           })
      .def("limit", [](const PlanHandle& self, int64_t rows) { return Made(LimitNode::Make(self.plan, rows)); })
      .def("union",
           [](const PlanHandle& self, const std::vector<PlanHandle>& others) {
             std::vector<PlanPtr> all = {self.plan};
             for (const PlanHandle& other : others) all.push_back(other.plan);
             return Made(UnionNode::Make(std::move(all)));
           })
      .def("partitions", [](const PlanHandle& self,
                            std::vector<int> indices) { return Made(PartitionsNode::Make(self.plan, std::move(indices))); })
      .def("repartition",
           [](const PlanHandle& self, int npartitions) { return Made(RepartitionNode::Make(self.plan, npartitions)); })
      .def("aggregate", &Aggregate, nb::arg("keys"), nb::arg("aggregates"), nb::arg("sort"), nb::arg("dropna"),
           nb::arg("of_records"))
      .def("map_partitions", &MapPartitions, nb::arg("function"), nb::arg("schema"), nb::arg("name"))
      .def("write", &Write, nb::arg("format"), nb::arg("path"), nb::arg("options_json") = nb::none(),
           nb::arg("storage_options_json") = nb::none())
      .def("explain", &Explain, nb::arg("optimized"))
      .def("to_json", [](const PlanHandle& self) { return SerializePlan(*self.plan).dump(); })
      .def_static("from_json", &FromJson, nb::arg("text"));
}

}  // namespace millstream::python
