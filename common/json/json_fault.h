/* json_fault - why a text is not taken as JSON, and how long the path of the member at fault may
 * be. The scan and the tree share it. */
#ifndef COMMON_JSON_JSON_FAULT_H
#define COMMON_JSON_JSON_FAULT_H

#define JSON_MAX_DEPTH 32 /* arrays and objects within one another; 33 is too deep */
#define JSON_PATH 160     /* bytes of a path, its NUL included */

enum json_fault {
    JSON_FINE,
    JSON_NOT_UTF8, /* anywhere in the text: looked for first */
    JSON_NOT_JSON, /* these three: the first met in byte order */
    JSON_TOO_DEEP,
    JSON_DUPLICATE_KEY, /* in any object, names compared after unescaping */
    JSON_BAD_STRING     /* \u0000 or a lone surrogate, in a name or a value: looked for last */
};

#endif
