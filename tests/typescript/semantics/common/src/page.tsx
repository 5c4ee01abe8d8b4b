const make = (type: string, props: unknown, ...children: string[]) => [type, props, ...children];
export const page = <p class="x">text</p>;
