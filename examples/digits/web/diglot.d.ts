// Written by `diglot types`. Do not edit: it is written anew when the functions change.
/* eslint-disable */
/// <reference path="./diglot-package.d.ts" />

import type { Call, CallOptions, NDArray, RemoteError } from "diglot";

declare module "diglot" {
  interface Services {
    model: {
      /**
       * Which digit a square of ink shows: row by row from the top, 0 is paper, 255 the darkest ink.
       * @throws {NoInk}
       * @throws {NotSquare}
       */
      read(args: {
        /**
         * @minItems 8
         * @maxItems 64
         */
        pixels: NDArray<"uint8">;
      }, options?: CallOptions): Call<Recognised>;
    };
    web: {
      /** The drawings on the board, oldest first. */
      drawings(args?: Record<string, never>, options?: CallOptions): Call<Entry[]>;
    };
  }
}

export interface Entry {
  id: string;
  /** When it was put on the board, as in 2026-11-22T10:30:00.000Z. */
  at: string;
  strokes: Point[][];
  /** As Python reads it. */
  digit: number;
  /** From 0 to 1. */
  confidence: number;
}

export interface NoInk extends RemoteError {
  type: "NoInk";
}

export interface NotSquare extends RemoteError {
  type: "NotSquare";
}

/** From 0 (left, top) to 1 (right, bottom). */
export type Point = [number, number];

export interface Recognised {
  /**
   * @minimum 0
   * @maximum 9
   */
  digit: number;
  /**
   * @minimum 0
   * @maximum 1
   */
  confidence: number;
  /**
   * @minItems 10
   * @maxItems 10
   */
  probabilities: number[];
  seen: number[][];
}
