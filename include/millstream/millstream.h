// Everything a C++ program needs.
//
//   auto session = millstream::Session::Make({.memory_limit = "256MB"}).ValueOrDie();
//   auto report = session.ReadCsv({"trips/*.csv"})
//                     .Filter(col("passenger_count") > 3)
//                     .Select({"pickup_datetime", "passenger_count", "trip_time_in_secs"})
//                     .WriteAvro("out");
#pragma once

#include "millstream/dataframe.h"
#include "millstream/expr.h"
#include "millstream/options.h"
#include "millstream/report.h"
#include "millstream/session.h"
