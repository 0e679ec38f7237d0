// The bodies of Asio's TLS layer, compiled once (BOOST_ASIO_SEPARATE_COMPILATION); the rest of Asio
// is in rt/asio.cc.
#include <boost/asio/ssl/impl/src.hpp>
