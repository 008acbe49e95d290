/* Forks until it may no more, or 5000 times; says how often it could. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	int count = 0;
	setpgid(0, 0);
	while (count < 5000) {
		pid_t pid = fork();
		if (pid < 0)
			break;
		if (pid == 0)
			for (;;)
				pause();
		count++;
	}
	printf("%d\n", count);
	fflush(stdout);
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	return 0;
}
