// The parts of the extension module; each adds its classes and functions.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>

#include "millstream/api/engine.h"

namespace millstream::python {

/// The process-wide engine, made from the settings at first use, anew after `configure` and in a forked child.
std::shared_ptr<Engine> DefaultEngine();

/// A plan as Python holds it.
struct PlanHandle {
  PlanPtr plan;
};

/// What a run gave for one of its plans.
struct ResultHandle {
  std::shared_ptr<RunOutcome> outcome;
  size_t index = 0;
};

void BindPlans(nanobind::module_& module);
void BindEngine(nanobind::module_& module);

}  // namespace millstream::python
