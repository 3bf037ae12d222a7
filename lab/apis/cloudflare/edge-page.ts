/** Pages that Cloudflare shows to visitors. */

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for content and quoted attributes of HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}

/** A whole page; `content` is HTML. */
export function page(title: string, content: string): string {
  return [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>`,
    `<body><h1>${escapeHtml(title)}</h1>`,
    content,
    "</body></html>",
    "",
  ].join("\n");
}

/** An error of Cloudflare: HTTP status, Cloudflare's own number where it has one, and what to do. */
export interface EdgeError {
  readonly status: number;
  readonly code?: number;
  readonly title: string;
  readonly explanation: string;
}

/** The page of an error (Cloudflare, "Troubleshoot HTTP 1XXX errors"). */
export function errorPage(error: EdgeError, host: string, ray: string): string {
  const title =
    error.code === undefined ? error.title : `Error ${error.code}: ${error.title} (${host})`;
  return page(
    title,
    `<p>${escapeHtml(error.explanation)}</p><p>Ray ID: ${escapeHtml(ray)} &bull; ${escapeHtml(host)}</p>`,
  );
}
