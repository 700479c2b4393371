/** One thing that a dataset check found: stable code, where, what, which rule, and how to mend it. */
export interface Finding {
  severity: 'error' | 'warning';
  /** Stable, kebab-case: `image-unreadable`, `duplicate-exact`, `leak-exact`, … */
  code: string;
  /** File, image or annotation concerned; relative where it can be. */
  where: string;
  /** One sentence: the value found and the rule it breaks. */
  message: string;
  /** What to do about it. */
  fix: string;
}
