console.log('There is no benchmark yet: the tables of what Sluice costs beside its peers come with the speed work.');
