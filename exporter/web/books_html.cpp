#include "exporter/web/books_html.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "exporter/web/html.hpp"

namespace ipw::web {
namespace {

constexpr std::size_t kReasonShown = 300;

std::string share_style(Share share) {
  return fmt::format("share share-{}", to_text(share));
}

std::string bar_of(const BookSnapshot& book) {
  std::vector<BarPart> parts;
  std::string words;
  for (std::size_t i = 0; i < kShares; ++i) {
    const double part = book.metered.value > 0 ? book.shares[i].value / book.metered.value : 0;
    const auto text = fmt::format("{} {}", to_text(static_cast<Share>(i)), percentage(part));
    parts.push_back({text, part, share_style(static_cast<Share>(i))});
    if (part > 0) words += (words.empty() ? "" : ", ") + text;
  }
  return bar_html(parts, words.empty() ? "nothing booked yet" : words);
}

// "[colour] query 6000 J": every share that has any joules.
std::string legend_of(const BookSnapshot& book) {
  std::string html = "<ul class=legend>";
  for (std::size_t i = 0; i < kShares; ++i) {
    if (book.shares[i].value <= 0) continue;
    const auto share = static_cast<Share>(i);
    html += fmt::format(
        "<li><svg class=swatch viewBox=\"0 0 1 1\" aria-hidden=true><rect class=\"{}\" width=1 height=1 />"
        "</svg>{} <b>{}</b> {}",
        share_style(share), to_text(share), figure(book.shares[i].value, "J"),
        book.metered.value > 0 ? percentage(book.shares[i] / book.metered) : "");
  }
  return html + "</ul>\n";
}

}  // namespace

std::string books_html(const std::vector<BookSnapshot>& books) {
  std::string html = "<section aria-labelledby=books><h2 id=books>Where the joules went</h2>\n";
  if (books.empty()) return html + "<p>No power source, so no books.</p></section>\n";
  for (const auto& book : books)
    html += fmt::format(
        "<div class=book><h3>{} <small>{}, {}</small></h3>\n<p class=counts>{} metered; the books are {} "
        "behind</p>{}\n{}</div>\n",
        escaped(book.device_name.empty() ? book.device : book.device_name), to_text(book.scope), to_text(book.quality),
        figure(book.metered.value, "J"), figure(book.lag.value, "s"), bar_of(book), legend_of(book));
  return html + "</section>\n";
}

std::string channels_html(const std::vector<ChannelSnapshot>& channels) {
  HtmlTable table("Power channels", {"Channel", "State", "Power", "Energy so far", "Power is", "Device"});
  for (const auto& channel : channels) {
    auto state =
        fmt::format("<span class=\"badge {}\">{}</span>", channel.up ? "good" : "bad", channel.up ? "up" : "down");
    if (!channel.reason.empty()) state += " " + escaped(shortened(channel.reason, kReasonShown));
    table.row({escaped(channel.source + "/" + channel.channel), state,
               figure(channel.power ? std::optional(channel.power->value) : std::nullopt, "W"),
               figure(channel.energy.value, "J"), std::string(to_text(channel.quality)), escaped(channel.device)});
  }
  return "<section aria-labelledby=channels><h2 id=channels>Power channels</h2>\n" +
         (channels.empty() ? "<p>None was found; <code>ipw-sidecar probes</code> says why.</p>\n" : table.html()) +
         "</section>\n";
}

}  // namespace ipw::web
