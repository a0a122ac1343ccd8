// The one place where the bodies of the functions of Beast and of Asio's TLS are compiled.
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
