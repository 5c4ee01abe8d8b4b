import { func, services } from "diglot";

export interface Card {
  title: string;
  printed: Date;
  /** @format uuid */
  id: string;
}

/** A card of an item. */
export const renderCard = func(async (itemId: number, size?: "small" | "large"): Promise<Card & { width: number }> => {
  const [item] = await services.myModel.similar({ itemId, k: 1 });
  if (item === undefined) throw new Error("there is none");
  return { title: `${item.name} ${size ?? "small"}`, printed: new Date(0), id: "6f8f57e1-12c3-4a5b-8c7d-9e0f1a2b3c4d", width: 80 };
});

/** The letters of a text, one by one. */
export const letters = func(async function* (from: string): AsyncGenerator<{ letter: string; at: number }> {
  let at = 0;
  for (const letter of from) yield { letter, at: at++ };
});

export interface Label {
  id: number;
  text: string;
  place?: string | null;
}

/** Nothing more fits on the shelf. */
export class Full extends Error {
  constructor(
    readonly places: number,
    readonly shelf?: string | null,
  ) {
    super(`there are ${places} places`);
  }
}

/** Puts labels on a shelf, and returns how many places are left. */
export const shelve = func({ errors: { Full } }, async (labels: Label[], places: number): Promise<number> => {
  if (labels.length > places) throw new Full(places);
  return places - labels.length;
});
