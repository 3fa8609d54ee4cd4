// A progress bar on a terminal, and Ctrl-C.
#pragma once

#include "millstream/base/result.h"

namespace millstream::cli {

/// From now on Ctrl-C (SIGINT) and SIGTERM end runs cleanly instead of killing the process.
void CatchInterrupts();

/// Redraws the bar on standard error where that is a terminal; Cancelled once the user pressed Ctrl-C.
Status ShowProgress(double fraction);
void EndProgress();
/// ShowProgress without the bar.
Status CheckInterrupt(double fraction);

}  // namespace millstream::cli
