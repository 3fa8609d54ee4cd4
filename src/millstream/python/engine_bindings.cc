// Settings and runs.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <unistd.h>

#include <mutex>

#include <arrow/table.h>

#include "millstream/python/arrow_objects.h"
#include "millstream/python/bindings.h"

namespace nb = nanobind;

namespace millstream::python {
namespace {

/// The process-wide engine and the settings given for it. Leaked on purpose where the process forked: its threads are gone.
struct Default {
  std::mutex mutex;
  SettingsOverrides overrides;
  std::shared_ptr<Engine> engine;
  pid_t owner = 0;
};

Default& TheDefault() {
  static Default value;
  return value;
}

void Configure(std::optional<int64_t> memory_limit, std::optional<int> threads, std::optional<std::string> temp_dir) {
  Default& value = TheDefault();
  std::lock_guard lock(value.mutex);
  SettingsOverrides overrides = value.overrides;
  if (memory_limit) overrides.memory_limit = memory_limit;
  if (threads) overrides.threads = threads;
  if (temp_dir) overrides.temp_dir = std::move(temp_dir);
  ThrowIfError(ResolveSettings(overrides).status());
  value.overrides = std::move(overrides);
  value.engine.reset();
}

nb::dict CurrentSettings() {
  const Settings settings = DefaultEngine()->settings();
  nb::dict dict;
  dict["memory_limit"] = settings.memory_limit;
  dict["threads"] = settings.threads;
  dict["temp_dir"] = settings.temp_dir;
  return dict;
}

/// Lets Python handle signals and shows progress; an exception of either ends the run.
Status Poll(const nb::object& progress, double fraction) {
  nb::gil_scoped_acquire lock;
  if (PyErr_CheckSignals() != 0) return Status::Cancelled("interrupted");
  if (progress.is_none()) return Status::OK();
  PyObject* shown = PyObject_CallFunction(progress.ptr(), "ds", fraction, "");
  if (!shown) return Status::Cancelled("the progress function failed");
  Py_DECREF(shown);
  return Status::OK();
}

std::vector<ResultHandle> Execute(const std::vector<PlanHandle>& handles, nb::object progress) {
  std::vector<PlanPtr> plans;
  for (const PlanHandle& handle : handles) plans.push_back(handle.plan);
  auto engine = DefaultEngine();
  RunOptions options;
  options.poll = [&](double fraction) { return Poll(progress, fraction); };
  Result<RunOutcome> outcome;
  {
    nb::gil_scoped_release unlocked;
    outcome = engine->Run(plans, options);
  }
  // An exception of Poll that came too late to stop the run, such as KeyboardInterrupt, is raised all the same: what the run
  // wrote stays. It also goes before an error of the run, which in general is that it was cancelled.
  if (PyErr_Occurred()) throw nb::python_error();
  auto shared = std::make_shared<RunOutcome>(ValueOrThrow(std::move(outcome)));
  std::vector<ResultHandle> results;
  for (size_t i = 0; i < plans.size(); ++i) results.push_back({shared, i});
  return results;
}

nb::list Tables(const ResultHandle& self) {
  nb::list tables;
  for (const auto& table : self.outcome->tables[self.index]) tables.append(FromTable(table));
  return tables;
}

}  // namespace

std::shared_ptr<Engine> DefaultEngine() {
  Default& value = TheDefault();
  std::lock_guard lock(value.mutex);
  if (value.engine && value.owner != getpid()) new std::shared_ptr<Engine>(std::move(value.engine));
  if (!value.engine) {
    value.engine = ValueOrThrow(Engine::Make(value.overrides));
    value.owner = getpid();
  }
  return value.engine;
}

void BindEngine(nb::module_& module) {
  nb::class_<ResultHandle>(module, "Result")
      .def_prop_ro("tables", &Tables)
      .def_prop_ro("report",
                   [](const ResultHandle& self) {
                     return self.outcome->report.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
                   })
      .def_prop_ro("analyzed", [](const ResultHandle& self) { return self.outcome->analyzed; });
  module.def("execute", &Execute, nb::arg("plans"), nb::arg("progress") = nb::none());
  module.def("configure", &Configure, nb::arg("memory_limit") = nb::none(), nb::arg("threads") = nb::none(),
             nb::arg("temp_dir") = nb::none());
  module.def("settings", &CurrentSettings);
}

}  // namespace millstream::python
