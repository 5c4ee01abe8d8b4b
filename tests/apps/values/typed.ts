// Functions that give back what comes, of types that TypeScript reads: what JavaScript says by schemas in web.mjs.
import { func, type NDArray } from 'diglot';

enum Color {
  Red = 'red',
  Blue = 'blue',
}

enum Level {
  Low = 1,
  High = 2,
}

interface Item {
  id: number;
  'unit price': number;
  parts?: Item[];
  made?: Date;
}

interface Counted {
  /** @integer */
  id: number;
  left: bigint;
}

interface Page<T> {
  items: T[];
  next: T | null;
}

type Shape = { kind: 'circle'; radius: number } | { kind: 'path'; points: NDArray<'float32'>; closed?: boolean } | { kind: 'label'; text: string; at: [number, number] };

export const facts = func(async () => ({ hasFloat16: 'Float16Array' in globalThis }));

export const as_boolean = func(async (value: boolean): Promise<boolean> => value);
export const as_number = func(async (value: number): Promise<number> => value);
export const as_bigint = func(async (value: bigint): Promise<bigint> => value);
export const as_number_or_bigint = func(async (value: number | bigint): Promise<number | bigint> => value);
export const as_text = func(async (value: string): Promise<string> => value);
export const as_bytes = func(async (value: Uint8Array): Promise<Uint8Array> => value);
export const as_time = func(async (value: Date): Promise<Date> => value);
export const as_nothing = func(async (value: null): Promise<null> => value);
export const as_anything = func(async (value: unknown): Promise<unknown> => value);

export const as_numbers = func(async (value: readonly number[]): Promise<readonly number[]> => value);
export const as_pair = func(async (value: [number, string]): Promise<[number, string]> => value);
export const as_rest = func(async (value: [string, ...bigint[]]): Promise<[string, ...bigint[]]> => value);
export const as_set = func(async (value: Set<string>): Promise<Set<string>> => value);
export const as_set_of_bigints = func(async (value: ReadonlySet<bigint>): Promise<ReadonlySet<bigint>> => value);
export const as_map = func(async (value: Map<bigint, Uint8Array>): Promise<Map<bigint, Uint8Array>> => value);
export const as_map_of_texts = func(async (value: ReadonlyMap<string, Date>): Promise<ReadonlyMap<string, Date>> => value);
export const as_map_of_pairs = func(async (value: Map<[number, boolean], string[]>): Promise<Map<[number, boolean], string[]>> => value);
export const as_record = func(async (value: Record<string, number>): Promise<Record<string, number>> => value);

export const as_word = func(async (value: 'a' | 'b' | 3 | null): Promise<'a' | 'b' | 3 | null> => value);
export const as_color = func(async (value: Color): Promise<Color> => value);
export const as_level = func(async (value: Level): Promise<Level> => value);
export const as_optional = func(async (value: number | null): Promise<number | null> => value);
export const as_union = func(async (value: boolean | string | number[] | Date | Record<string, bigint>): Promise<boolean | string | number[] | Date | Record<string, bigint>> => value);
export const as_shape = func(async (value: Shape): Promise<Shape> => value);

export const as_item = func(async (value: Item): Promise<Item> => value);
export const as_items = func(async (value: Record<string, Item>[]): Promise<Record<string, Item>[]> => value);
export const as_page = func(async (value: Page<Item>): Promise<Page<Item>> => value);
export const as_partial = func(async (value: Partial<Counted>): Promise<Partial<Counted>> => value);
export const as_counted = func(async (value: Counted & { name: string }): Promise<Counted & { name: string }> => value);

export const as_row_of_int8 = func(async (value: Int8Array): Promise<Int8Array> => value);
export const as_row_of_int16 = func(async (value: Int16Array): Promise<Int16Array> => value);
export const as_row_of_int32 = func(async (value: Int32Array): Promise<Int32Array> => value);
export const as_row_of_int64 = func(async (value: BigInt64Array): Promise<BigInt64Array> => value);
export const as_row_of_uint8_clamped = func(async (value: Uint8ClampedArray): Promise<Uint8ClampedArray> => value);
export const as_row_of_uint16 = func(async (value: Uint16Array): Promise<Uint16Array> => value);
export const as_row_of_uint32 = func(async (value: Uint32Array): Promise<Uint32Array> => value);
export const as_row_of_uint64 = func(async (value: BigUint64Array): Promise<BigUint64Array> => value);
export const as_row_of_float16 = func(async (value: Float16Array): Promise<Float16Array> => value);
export const as_row_of_float32 = func(async (value: Float32Array): Promise<Float32Array> => value);
export const as_row_of_float64 = func(async (value: Float64Array): Promise<Float64Array> => value);

export const as_array = func(async (value: NDArray): Promise<NDArray> => value);
export const as_array_of_bool = func(async (value: NDArray<'bool'>): Promise<NDArray<'bool'>> => value);
export const as_array_of_int8 = func(async (value: NDArray<'int8'>): Promise<NDArray<'int8'>> => value);
export const as_array_of_int16 = func(async (value: NDArray<'int16'>): Promise<NDArray<'int16'>> => value);
export const as_array_of_int32 = func(async (value: NDArray<'int32'>): Promise<NDArray<'int32'>> => value);
export const as_array_of_int64 = func(async (value: NDArray<'int64'>): Promise<NDArray<'int64'>> => value);
export const as_array_of_uint8 = func(async (value: NDArray<'uint8'>): Promise<NDArray<'uint8'>> => value);
export const as_array_of_uint8_clamped = func(async (value: NDArray<'uint8_clamped'>): Promise<NDArray<'uint8_clamped'>> => value);
export const as_array_of_uint16 = func(async (value: NDArray<'uint16'>): Promise<NDArray<'uint16'>> => value);
export const as_array_of_uint32 = func(async (value: NDArray<'uint32'>): Promise<NDArray<'uint32'>> => value);
export const as_array_of_uint64 = func(async (value: NDArray<'uint64'>): Promise<NDArray<'uint64'>> => value);
export const as_array_of_float16 = func(async (value: NDArray<'float16'>): Promise<NDArray<'float16'>> => value);
export const as_array_of_float32 = func(async (value: NDArray<'float32'>): Promise<NDArray<'float32'>> => value);
export const as_array_of_float64 = func(async (value: NDArray<'float64'>): Promise<NDArray<'float64'>> => value);
