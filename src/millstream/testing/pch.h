// Precompiled header of the test binaries.
#pragma once

#include "millstream/pch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
