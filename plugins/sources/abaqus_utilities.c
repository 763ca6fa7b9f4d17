/* The utility routines of Abaqus that user materials link against, for a host that is not Abaqus.
 *
 * Called from Fortran: names in lower case with an underscore, arguments by reference, lengths of characters by value
 * at the end. Only what a material routine can use; meaning as in the Abaqus User Subroutines Reference Guide,
 * "Utility routines". There is no job here: its name is "romlib", its folder the working directory.
 */
#include <ctype.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_STATUS 86 /* tells a host that the material ended the run itself */
#define N_MUTEX 100

static void leave(const char *routine)
{
    fprintf(stderr, "the UMAT called %s, which ends an analysis\n", routine);
    fflush(NULL);
    exit(EXIT_STATUS);
}

void xit_(void) { leave("XIT"); }
void xplb_exit_(void) { leave("XPLB_EXIT"); }

static void put(char *target, long size, const char *text, int *length)
{
    const long n = (long)strlen(text) < size ? (long)strlen(text) : size;
    memset(target, ' ', size);
    memcpy(target, text, n);
    *length = (int)n;
}

void getoutdir_(char *folder, int *length, long size)
{
    char here[4096];
    put(folder, size, getcwd(here, sizeof here) ? here : ".", length);
}

void getjobname_(char *name, int *length, long size) { put(name, size, "romlib", length); }
void getnumcpus_(int *n) { *n = 1; }
void getrank_(int *rank) { *rank = 0; }
int getnumthreads_(void) { return 1; }
int get_thread_id_(void) { return 0; }

static pthread_mutex_t mutexes[N_MUTEX + 1];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_mutexes(void)
{
    for (int k = 0; k <= N_MUTEX; k++) pthread_mutex_init(&mutexes[k], NULL);
}

static pthread_mutex_t *mutex(const int *id)
{
    pthread_once(&once, make_mutexes);
    if (*id < 1 || *id > N_MUTEX) leave("MUTEX with a number that is not 1 to 100");
    return &mutexes[*id];
}

void mutexinit_(const int *id) { mutex(id); }
void mutexlock_(const int *id) { pthread_mutex_lock(mutex(id)); }
void mutexunlock_(const int *id) { pthread_mutex_unlock(mutex(id)); }

/* LOP: 1 a message, -1 a warning, -2 an error after which the increment goes on, -3 an error that ends the run.
 * %I, %R, %S in the text stand for the next entry of INTV, REALV, CHARV (eight characters each). */
void stdb_abqerr_(const int *lop, const char *text, const int *intv, const double *realv, const char *charv,
                  long text_length, long char_length)
{
    const char *kind = *lop == 1 ? "note" : *lop == -1 ? "warning" : "error";
    const long width = char_length > 0 ? char_length : 8;
    while (text_length > 0 && text[text_length - 1] == ' ') text_length--;
    fprintf(stderr, "UMAT %s: ", kind);
    for (long k = 0; k < text_length; k++) {
        const int next = k + 1 < text_length && text[k] == '%' ? toupper((unsigned char)text[k + 1]) : 0;
        if (next == 'I') fprintf(stderr, "%d", *intv++);
        else if (next == 'R') fprintf(stderr, "%g", *realv++);
        else if (next == 'S') {
            fprintf(stderr, "%.*s", (int)width, charv);
            charv += width;
        } else {
            fputc(text[k], stderr);
            continue;
        }
        k++;
    }
    fputc('\n', stderr);
    if (*lop == -3) leave("STDB_ABQERR with LOP = -3");
}

/* A symmetric tensor of NDI direct and NSHR shear components as a matrix; LSTR = 2: engineering shear strain. */
static void to_matrix(const double *s, int lstr, int ndi, int nshr, double a[3][3])
{
    static const int row[3] = {0, 0, 1}, column[3] = {1, 2, 2};
    memset(a, 0, 9 * sizeof(double));
    for (int k = 0; k < ndi && k < 3; k++) a[k][k] = s[k];
    for (int k = 0; k < nshr && k < 3; k++)
        a[row[k]][column[k]] = a[column[k]][row[k]] = s[ndi + k] * (lstr == 2 ? 0.5 : 1.0);
}

static void from_matrix(double a[3][3], int lstr, int ndi, int nshr, double *s)
{
    static const int row[3] = {0, 0, 1}, column[3] = {1, 2, 2};
    for (int k = 0; k < ndi && k < 3; k++) s[k] = a[k][k];
    for (int k = 0; k < nshr && k < 3; k++) s[ndi + k] = a[row[k]][column[k]] * (lstr == 2 ? 2.0 : 1.0);
}

/* SINV1 = trace / 3, SINV2 = sqrt(3/2 S:S). */
void sinv_(const double *stress, double *sinv1, double *sinv2, const int *ndi, const int *nshr)
{
    double a[3][3], square = 0.0;
    to_matrix(stress, 1, *ndi, *nshr, a);
    *sinv1 = (a[0][0] + a[1][1] + a[2][2]) / 3.0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            const double s = a[i][j] - (i == j ? *sinv1 : 0.0);
            square += s * s;
        }
    *sinv2 = sqrt(1.5 * square);
}

/* Eigenvalues and eigenvectors (columns of v) by Jacobi rotations. */
static void eigen(double a[3][3], double values[3], double v[3][3])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) v[i][j] = i == j;
    for (int sweep = 0; sweep < 60; sweep++) {
        const double off = a[0][1] * a[0][1] + a[0][2] * a[0][2] + a[1][2] * a[1][2];
        const double diagonal = a[0][0] * a[0][0] + a[1][1] * a[1][1] + a[2][2] * a[2][2];
        if (off <= 1e-34 * diagonal || off == 0.0) break;
        for (int p = 0; p < 2; p++)
            for (int q = p + 1; q < 3; q++) {
                double angle, t, c, s;
                if (a[p][q] == 0.0) continue;
                angle = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
                t = (angle >= 0.0 ? 1.0 : -1.0) / (fabs(angle) + hypot(angle, 1.0));
                c = 1.0 / hypot(t, 1.0);
                s = t * c;
                for (int k = 0; k < 3; k++) {
                    const double x = a[k][p], y = a[k][q];
                    a[k][p] = c * x - s * y;
                    a[k][q] = s * x + c * y;
                }
                for (int k = 0; k < 3; k++) {
                    const double x = a[p][k], y = a[q][k];
                    a[p][k] = c * x - s * y;
                    a[q][k] = s * x + c * y;
                }
                for (int k = 0; k < 3; k++) {
                    const double x = v[k][p], y = v[k][q];
                    v[k][p] = c * x - s * y;
                    v[k][q] = s * x + c * y;
                }
            }
    }
    for (int k = 0; k < 3; k++) values[k] = a[k][k];
}

/* Principal values, in no particular order, as in Abaqus. */
void sprinc_(const double *s, double *ps, const int *lstr, const int *ndi, const int *nshr)
{
    double a[3][3], v[3][3];
    to_matrix(s, *lstr, *ndi, *nshr, a);
    eigen(a, ps, v);
}

/* AN(K, I): direction cosines of the direction of PS(K); column-major. */
void sprind_(const double *s, double *ps, double *an, const int *lstr, const int *ndi, const int *nshr)
{
    double a[3][3], v[3][3];
    to_matrix(s, *lstr, *ndi, *nshr, a);
    eigen(a, ps, v);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 3; i++) an[k + 3 * i] = v[i][k];
}

/* SPRIME = R S R^T, R column-major. */
void rotsig_(const double *s, const double *r, double *sprime, const int *lstr, const int *ndi, const int *nshr)
{
    double a[3][3], b[3][3];
    to_matrix(s, *lstr, *ndi, *nshr, a);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            b[i][j] = 0.0;
            for (int k = 0; k < 3; k++)
                for (int l = 0; l < 3; l++) b[i][j] += r[i + 3 * k] * a[k][l] * r[j + 3 * l];
        }
    from_matrix(b, *lstr, *ndi, *nshr, sprime);
}
