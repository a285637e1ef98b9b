import { IsNumber, Matches, Max, Min } from 'class-validator';

/** What a colour looks like wherever one is written. */
export const HEX_COLOR = /^#[0-9a-fA-F]{6}$/;

/** A colour; the quotes in what it says are for YAML, where `#` begins a comment. */
export const IsHexColor = (): PropertyDecorator =>
  Matches(HEX_COLOR, { message: ({ property }) => `${property} must be a colour in quotes, such as '#ffe14d'` });

/** The name of a family of fonts: nothing that would mean something else where captions are drawn. */
export const IsFontFamily = (): PropertyDecorator =>
  Matches(/^[^,{}\\\r\n]+$/, { message: ({ property }) => `${property} must be the name of a family of fonts` });

/** The width of a watermark, as a part of the picture's. */
export const IsWatermarkWidth = (): PropertyDecorator => isFrom(0.01, 1);
/** How much of what lies below is hidden; less could not be seen. */
export const IsOpacity = (): PropertyDecorator => isFrom(0.05, 1);
/** The height of a line of captions, as a part of the picture's shorter side: less nobody reads, more does not fit. */
export const IsCaptionSize = (): PropertyDecorator => isFrom(0.02, 0.2);

function isFrom(least: number, most: number): PropertyDecorator {
  const rules = [IsNumber({ allowInfinity: false, allowNaN: false }), Min(least), Max(most)];
  return (target, property) => {
    for (const rule of rules) rule(target, property);
  };
}
