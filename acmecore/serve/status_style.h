// The look of the status page. Nothing is loaded from anywhere: the policy (status_page.h) allows
// this very text and no other, so its hash changes with it (the unit test says to what).
#pragma once

#include <string_view>

namespace acme::serve {

inline constexpr std::string_view kStatusStyle = R"css(
:root{color-scheme:light dark;--ground:#f6f7f8;--card:#fff;--ink:#1d2329;--soft:#5c6873;--line:#dfe4e8;
--good:#1a7f4b;--busy:#2563b8;--warn:#a15c00;--bad:#bf2b32;--track:#e5e9ed;--wash:#fdf2f2}
@media(prefers-color-scheme:dark){:root{--ground:#14181c;--card:#1c2227;--ink:#e4e9ed;--soft:#9aa7b2;
--line:#2e373f;--good:#4cc38a;--busy:#6ea8f0;--warn:#e2a33c;--bad:#f27e83;--track:#323c45;--wash:#2b2024}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
header,main,footer{max-width:76rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:1.75rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem;font-weight:650}
h2{font-size:1.05rem;margin:2rem 0 .5rem;font-weight:650}
h2 small{color:var(--soft);font-weight:400;margin-left:.4rem}
p{margin:.25rem 0}
a{color:var(--busy)}
.soft,footer{color:var(--soft)}
.tiles{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.25rem 0;padding:0;list-style:none}
.tiles a{display:block;min-width:8.5rem;padding:.6rem 1rem;background:var(--card);border:1px solid var(--line);
border-radius:.5rem;color:inherit;text-decoration:none}
.tiles a:hover,.tiles a[aria-current]{border-color:var(--busy)}
.tiles b{display:block;font-size:1.5rem;line-height:1.3;font-weight:650}
.note{margin:.75rem 0;padding:.6rem 1rem;background:var(--card);border:1px solid var(--line);
border-left:4px solid var(--warn);border-radius:.35rem;overflow-wrap:anywhere}
.note.alarm{border-left-color:var(--bad)}
form{display:flex;gap:.5rem;flex-wrap:wrap;align-items:center}
input,button{font:inherit;padding:.35rem .7rem;border:1px solid var(--line);border-radius:.35rem;
background:var(--card);color:inherit}
input{flex:1 1 14rem;max-width:26rem}
button{cursor:pointer}
table{width:100%;table-layout:fixed;border-collapse:collapse;background:var(--card);border:1px solid var(--line)}
th,td{padding:.5rem .75rem;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
thead th{border-top:0;color:var(--soft);font-weight:500;font-size:.85rem;white-space:nowrap}
tbody th{font-weight:600;overflow-wrap:anywhere}
.issuers th:first-child{width:20%}.certificates th:first-child{width:30%}.certificates th:nth-child(2){width:14%}
.certificates th:nth-child(3){width:20%}.certificates th:nth-child(4){width:18%}
td{overflow-wrap:break-word}
tbody th .soft{font-weight:400;font-size:.87rem;display:block}
details{font-weight:400;font-size:.87rem}
summary{cursor:pointer;color:var(--soft)}
td small{display:block;color:var(--soft);font-size:.85rem}
time{color:var(--soft);font-size:.85rem;white-space:nowrap}
.good{color:var(--good)}.busy{color:var(--busy)}.warn{color:var(--warn)}.bad{color:var(--bad)}
.state{font-weight:600}
svg{display:block;width:11rem;max-width:100%;height:.45rem;margin:.3rem 0 .2rem;border-radius:.25rem;fill:currentColor;overflow:hidden}
svg .track{fill:var(--track)}svg .tick{fill:var(--ink);opacity:.55}
.more td{border-top:0;padding-top:0;overflow-wrap:anywhere}
.more p{padding:.35rem .75rem;background:var(--wash);border-radius:.35rem}
.more .advice{background:none;padding-top:0}
.steps{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;margin:0;padding:.1rem .75rem;list-style:none;font-size:.87rem;color:var(--soft)}
.steps li::before{content:"\25CB\A0"}
.steps .done::before{content:"\25CF\A0"}
.steps .now{color:var(--busy);font-weight:600}
.steps .now::before{content:"\25D0\A0"}
nav{margin:.75rem 0}nav a,nav b{margin-right:.75rem}
footer{padding-top:1.5rem;padding-bottom:2.5rem;font-size:.87rem}
@media(max-width:58rem){
header,main,footer{padding-left:.9rem;padding-right:.9rem}
.tiles{gap:.5rem}.tiles li{flex:1 1 40%}.tiles a{min-width:0;padding:.45rem .75rem}
table,tbody,tr,th,td,.issuers th:first-child,.certificates th:first-child{display:block;width:auto}
thead{display:none}
tbody th{width:auto;padding-bottom:.1rem}
tbody td{border-top:0;padding:.1rem .75rem}
tbody td:last-child{padding-bottom:.6rem}
td[data-label]{display:grid;grid-template-columns:6rem 1fr}
td[data-label]::before{content:attr(data-label);color:var(--soft)}
td[data-label]>*{grid-column:2}
.more .steps,.more p{margin-top:.2rem}
}
)css";

}  // namespace acme::serve
