#include "api/git/permits.h"

namespace embrace::api {

Permits& fetch_permits(const hub::Settings& settings) {
  static Permits permits(settings.fetch_processes_max);
  return permits;
}

Permits& push_permits(const hub::Settings& settings) {
  static Permits permits(settings.push_processes_max);
  return permits;
}

}  // namespace embrace::api
