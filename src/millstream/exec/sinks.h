// Makers of the sinks that end a stage; exec/stage.cc lists them by node kind.
#pragma once

#include "millstream/exec/sink.h"

namespace millstream {

Result<std::unique_ptr<Sink>> MakeAggregateSink(const PlanNode& node, const SinkContext& context);
Result<std::unique_ptr<Sink>> MakeLimitSink(const PlanNode& node, const SinkContext& context);
Result<std::unique_ptr<Sink>> MakeRepartitionSink(const PlanNode& node, const SinkContext& context);
Result<std::unique_ptr<Sink>> MakeWriteSink(const PlanNode& node, const SinkContext& context);

}  // namespace millstream
