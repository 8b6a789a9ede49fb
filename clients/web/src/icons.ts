import { svg, type SVGTemplateResult, html, type TemplateResult } from "lit-html";

const PATHS = {
  inbox: svg`<path d="M3 12.5h4l1.5 2.5h3L13 12.5h4M5 4h10l2 8.5V16H3v-3.5L5 4Z"/>`,
  today: svg`<path d="M4 5h12v11.5H4zM4 8.5h12M7.5 3v3M12.5 3v3M8 12.5l1.5 1.5 2.5-3"/>`,
  upcoming: svg`<path d="M4 5h12v11.5H4zM4 8.5h12M7.5 3v3M12.5 3v3M7 12h.01M10 12h.01M13 12h.01M7 14.5h.01M10 14.5h.01"/>`,
  all: svg`<path d="M8 5.5h9M8 10h9M8 14.5h9M3.5 5.5h1M3.5 10h1M3.5 14.5h1"/>`,
  list: svg`<circle cx="10" cy="10" r="3.5"/>`,
  people: svg`<circle cx="7.500" cy="7" r="2.500"/><path d="M3 15.500c0-2.500 2-4 4.500-4s4.500 1.500 4.500 4M12.500 4.700a2.500 2.500 0 0 1 0 4.600M14 11.900c1.800.5 3 1.800 3 3.600"/>`,
  label: svg`<path d="M3.5 4h6l7 7-5.5 5.5-7.5-7.5zM6.800 7.300h.01"/>`,
  plus: svg`<path d="M10 4.5v11M4.5 10h11"/>`,
  search: svg`<circle cx="9" cy="9" r="5"/><path d="m13 13 3.5 3.5"/>`,
  filter: svg`<path d="M3.5 6h13M6 10h8M8.5 14h3"/>`,
  close: svg`<path d="m5.5 5.5 9 9M14.5 5.5l-9 9"/>`,
  menu: svg`<path d="M3.5 6h13M3.5 10h13M3.5 14h13"/>`,
  more: svg`<path d="M5 10h.01M10 10h.01M15 10h.01"/>`,
  grip: svg`<path d="M8 5.5h.01M12 5.5h.01M8 10h.01M12 10h.01M8 14.5h.01M12 14.5h.01"/>`,
  repeat: svg`<path d="M4 9.5V8a2.5 2.5 0 0 1 2.5-2.5H15l-2.200-2.200M16 10.5V12a2.5 2.5 0 0 1-2.5 2.5H5l2.200 2.200"/>`,
  note: svg`<path d="M4.5 6h11M4.5 10h11M4.5 14h6"/>`,
  start: svg`<path d="M6 4.5 14.5 10 6 15.5z"/>`,
  fold: svg`<path d="m6 8 4 4 4-4"/>`,
  trash: svg`<path d="M4 6h12M8 6V4h4v2M5.5 6l.8 10h7.400l.8-10"/>`,
  up: svg`<path d="M10 15.5v-11M5.5 9 10 4.5 14.5 9"/>`,
  down: svg`<path d="M10 4.5v11M5.5 11 10 15.5 14.5 11"/>`,
  warning: svg`<path d="M10 4 17 16H3zM10 8.5v3.5M10 14h.01"/>`,
} satisfies Record<string, SVGTemplateResult>;

export type Icon = keyof typeof PATHS;

/** Returns an icon, which is decoration: what it stands beside says the same. */
export function icon(name: Icon): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true">${PATHS[name]}</svg>`;
}
