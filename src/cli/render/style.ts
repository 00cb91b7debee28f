type Paint = (text: string) => string;

/** The few colours there are: red failed, green done, yellow look here, cyan type this, dim for what is aside. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export function stylesFor(colour: boolean): Style {
  const paint = (name: keyof typeof codes): Paint => {
    const [on, off] = codes[name];
    return colour ? (text) => (text === '' ? '' : `\u001B[${on}m${text}\u001B[${off}m`) : (text) => text;
  };
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
  };
}
