export const View = (): unknown => <p id="x">text</p>;
