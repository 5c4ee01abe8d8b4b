/** Numbers and times as the page words them. */

/** A share from 0 to 1 in per cent, rounded down: no model is "100% sure". */
export function percent(share) {
  return `${Math.floor(share * 100)}%`;
}

const hoursAndMinutes = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** An ISO time as the visitor's clock shows it. */
export function clock(iso) {
  return hoursAndMinutes.format(new Date(iso));
}
