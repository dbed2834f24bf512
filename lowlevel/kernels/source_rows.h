/* Rows of one statement, from db-lib straight to NATIVE rows.
 *
 * db-lib is the one that the driver has, so its functions are given by their addresses.
 * Nothing here knows of Python. What db-lib calls back may.
 */
#ifndef LOWLEVEL_SOURCE_ROWS_H
#define LOWLEVEL_SOURCE_ROWS_H

#include "row.h"
#include "source_value.h"

/* Functions of db-lib (FreeTDS, sybdb.h); `process` is a DBPROCESS. */
typedef int (*of_process)(void *process);
typedef int (*of_column)(void *process, int column);
typedef char *(*text_of_column)(void *process, int column);
typedef uint8_t *(*octets_of_column)(void *process, int column);

typedef struct {
    of_process cancel;         /* dbcancel */
    of_process column_count;   /* dbnumcols */
    text_of_column column_name; /* dbcolname */
    of_column column_type;     /* dbcoltype */
    of_column column_size;     /* dbcollen */
    of_process next_row;       /* dbnextrow */
    octets_of_column value;    /* dbdata */
    of_column value_size;      /* dbdatlen */
    of_process descriptor;     /* dbiordesc */
} db_library;

/* The statement whose rows are read. */
typedef struct {
    const db_library *library;
    void *process;
    const volatile int *severity; /* of the last message, written by its handler */
    int least_severity;           /* from which on it is an error */
    const source_column *columns;
    int column_count;
    int day_column; /* the index of that which gives a row its day */
    bool has_row;   /* one has come that is not taken */
    int64_t row_count;
} source_rows;

/* Where rows land. */
typedef struct {
    const load_format *format;
    int key; /* the index of the column that hash_id is made of */
    uint8_t *out;
    size_t capacity;
    size_t enough; /* octets after which no other row is begun */
    size_t used;
    int64_t row_count;
    uint64_t checksum;
    int64_t refused_key;
    bool has_refused_key;
    int refused; /* the index of the column that cannot hold its value */
} native_rows;

typedef enum {
    SOURCE_ROW,      /* one has come */
    SOURCE_ENOUGH,   /* there is no room for another */
    SOURCE_NEXT_DAY, /* the row that has come is of another day */
    SOURCE_END,
    SOURCE_MESSAGE,  /* the server has said something that counts as an error */
    SOURCE_FAILED,   /* db-lib gives up */
    SOURCE_REFUSED,
    SOURCE_SENSELESS,
} source_event;

/* Any day, for rows that are not to be told apart. */
#define ANY_DAY INT64_MIN

/* Waits for a row, if none has come that is not taken. */
source_event source_advance(source_rows *rows);

/* The day of the row that has come, from 2000-01-01. */
source_event source_day(const source_rows *rows, int64_t *day);

/* Takes rows of one day until something ends that. */
source_event source_take(source_rows *rows, int64_t day, native_rows *into);

#endif
