/** The group of an entry as an object to spread: absent stays absent. */
export function groupOf(entry: { group?: string }): { group?: string } {
  return entry.group === undefined ? {} : { group: entry.group };
}
