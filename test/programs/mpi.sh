# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 240
# MPI (packages openmpi-bin, libopenmpi-dev): two ranks that send, receive and reduce through shared memory.
. "$LIB"
need mpicc mpirun
cat >ranks.c <<'END'
#include <mpi.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	int rank, size, sum, token = 0;
	double part = 0, pi;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &size);
	MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
	for (int round = 0; round < 5; round++) {
		if (rank == 0) {
			MPI_Send(&token, 1, MPI_INT, 1, 0, MPI_COMM_WORLD);
			MPI_Recv(&token, 1, MPI_INT, size - 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		} else {
			MPI_Recv(&token, 1, MPI_INT, rank - 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
			token++;
			MPI_Send(&token, 1, MPI_INT, (rank + 1) % size, 0, MPI_COMM_WORLD);
		}
	}
	for (int i = rank; i < 10000; i += size)
		part += 4 / (1 + (i + 0.5) / 10000 * ((i + 0.5) / 10000)) / 10000;
	MPI_Reduce(&part, &pi, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
	if (!rank)
		printf("ranks %d sum %d token %d pi %.6f\n", size, sum, token, pi);
	MPI_Finalize();
	return 0;
}
END
mpicc -o ranks ranks.c
# Not by the network, which there may not be
export OMPI_MCA_btl=^tcp OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
status $RUN mpirun -n 2 ./ranks
