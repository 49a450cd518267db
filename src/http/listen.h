#pragma once
// Internal to http/: a listening socket with the properties that server.h promises.

#include "base/result.h"
#include "http/endpoint.h"
#include "os/fd.h"

namespace vlmhb::http {

// Non-blocking, close-on-exec. `endpoint.port` is set to the port that the system chose.
Result<os::Fd> OpenListener(Endpoint& endpoint);

}  // namespace vlmhb::http
