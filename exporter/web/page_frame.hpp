#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "exporter/web/http_server.hpp"

namespace ipw::web {

// What surrounds the content of a page: head, navigation, foot, and the policy that lets it run and load nothing but
// its own files.
struct PageFrame {
  std::string title;                // text
  std::string_view here{};          // the address in the navigation that this page is
  bool live{false};                 // is fetched again while it is open
  bool charts{false};               // needs the chart library
  std::string_view chart_script{};  // the file that draws this page's charts
  int status{200};
};

// `main` is HTML.
Response html_page(const PageFrame& frame, const std::string& main);
// A page that says what is wrong and, as HTML, what to do.
Response trouble_page(int status, std::string_view what, const std::string& advice);

}  // namespace ipw::web
