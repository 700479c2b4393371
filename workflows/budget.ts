/** Training compute of one loop. Reservations are whole hours (the wire's unit), settlements whole minutes. */
export interface Budget {
  capMinutes: number;
  settledMinutes: number;
  reservedMinutes: number;
}

export function newBudget(capHours: number): Budget {
  // An endless cap would be written into a history as null, and read as none left.
  const capMinutes = Math.min(Number.MAX_SAFE_INTEGER, Math.floor(capHours * 60));
  return { capMinutes, settledMinutes: 0, reservedMinutes: 0 };
}

/** Puts another cap into force, compute hours; what is settled and reserved stays, so that lowering it cancels nothing. */
export function withCap(budget: Budget, capHours: number): Budget {
  return { ...budget, capMinutes: newBudget(capHours).capMinutes };
}

/** Whole compute hours that can still be reserved; below zero while the cap was lowered under what is spent. */
export function hoursLeft(budget: Budget): number {
  return Math.floor((budget.capMinutes - budget.settledMinutes - budget.reservedMinutes) / 60);
}

/**
 * Sets compute hours aside before a training starts.
 * @throws RangeError when the cap would not hold; callers ask `hoursLeft` first.
 */
export function reserve(budget: Budget, hours: number): Budget {
  if (!Number.isInteger(hours) || hours < 1 || hours > hoursLeft(budget)) {
    throw new RangeError(`cannot reserve ${hours} h of the ${hoursLeft(budget)} h left`);
  }
  return { ...budget, reservedMinutes: budget.reservedMinutes + hours * 60 };
}

export interface Settlement {
  reservedHours: number;
  status: 'succeeded' | 'failed' | 'cancelled' | 'gone';
  /** Compute minutes the service reported; null when none. */
  minutes: number | null;
}

/**
 * Compute minutes owed for a finished training: what was reported, else nothing for a failure and the whole
 * reservation for every other end, since what is unknown must not pass a cap. Never more than was reserved, which the contract guarantees.
 */
export function owedMinutes({ reservedHours, status, minutes }: Settlement): number {
  const reserved = reservedHours * 60;
  const unreported = status === 'failed' ? 0 : reserved;
  return Math.min(reserved, Math.max(0, Math.ceil(minutes ?? unreported)));
}

/** Turns a reservation into what is owed; the rest is free again at once. */
export function settle(budget: Budget, settlement: Settlement): Budget {
  return {
    ...budget,
    reservedMinutes: budget.reservedMinutes - settlement.reservedHours * 60,
    settledMinutes: budget.settledMinutes + owedMinutes(settlement),
  };
}
