// The one place where the bodies of Asio's functions are compiled.
#include <boost/asio/impl/src.hpp>
