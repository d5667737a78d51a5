/**
 * The first characters of a text as one line: without line breaks, control characters and halves of surrogate pairs,
 * which headers, rows and terminals stumble over.
 */
export function oneLine(text: string, most = 200): string {
  return text
    .slice(0, 8 * most)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\s]+/gu, ' ')
    .trim()
    .slice(0, most)
    .replace(/\p{Cs}/gu, '');
}
