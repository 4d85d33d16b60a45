// Icons as SVG paths in a square of 24.

export const REACT =
  "M20.4 10.5A8.6 8.6 0 1 1 13.6 3.7M9 14.2a4.2 4.2 0 0 0 6 0M9.2 9.6h.01M14.8 9.6h.01M19.5 1.8v5.4M16.8 4.5h5.4";
export const REPLY = "M9.5 7 4.5 12l5 5M5 12h9.5a5 5 0 0 1 5 5v1.5";
export const EDIT =
  "M4.5 19.5 5.4 15.6 15.9 5.1a1.9 1.9 0 0 1 2.7 0l.3.3a1.9 1.9 0 0 1 0 2.7L8.4 18.6zM13.8 7.2l3 3";
export const DELETE =
  "M4.5 7h15M9.5 7V5a1 1 0 0 1 1-1h3a1 1 0 0 1 1 1v2M6.5 7l.8 11.6a1.5 1.5 0 0 0 1.5 1.4h6.4a1.5 1.5 0 0 0 1.5-1.4L17.5 7M10 10.5v6M14 10.5v6";
export const FILE =
  "M13.5 3.5h-6a1.5 1.5 0 0 0-1.5 1.5v14a1.5 1.5 0 0 0 1.5 1.5h9A1.5 1.5 0 0 0 18 19V8zM13.5 3.5V8H18";
export const CLOSE = "M6.5 6.5l11 11M17.5 6.5l-11 11";
export const MORE = "M6 12h.01M12 12h.01M18 12h.01";
export const ARCHIVE =
  "M4.5 4.5h15v4h-15zM6 8.5v9.5a1.5 1.5 0 0 0 1.5 1.5h9a1.5 1.5 0 0 0 1.5-1.5V8.5M10 12.5h4";
export const MUTED =
  "M4 4l16 16M9.2 4.2A6 6 0 0 1 18 9.5c0 2.6.5 4.2 1.1 5.2M6 9.5c0 5-2 6.5-2 6.5h12M10 19.5a2.2 2.2 0 0 0 4 0";
export const ROOM = "M9.5 4.5 7.5 19.5M16.5 4.5l-2 15M4.5 9.5h15M4 14.5h15";
export const REMOVED = "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M6.2 6.2l11.6 11.6";
export const SERVER = "M4.5 5h15v6h-15zM4.5 13h15v6h-15zM8 8h.01M8 16h.01M12 8h4M12 16h4";
export const TOY =
  "M6.5 9.5h11a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2h-11a2 2 0 0 1-2-2v-6a2 2 0 0 1 2-2M12 9.5V6M12 4.5h.01M9 14.5h.01M15 14.5h.01";
